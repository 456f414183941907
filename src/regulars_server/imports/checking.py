"""Whether a file that somebody sent may be opened at all: known by its content, and bounded in what it unpacks to."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING

from regulars_server.imports.errors import UploadRefused

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_UNPACKED = 20 << 30
"""Bytes that a gzipped file may unpack to. It is read piece by piece, so this bounds time and spilling, not memory."""
LARGEST_RATIO = 200
"""How much larger than itself a gzipped file may be unpacked, from a megabyte on: order lists reach 10 to 20."""
LARGEST_WORKBOOK = 512 << 20
"""Bytes of all parts of a workbook unpacked; they are read into memory."""
MOST_PARTS = 5_000
LARGEST_PARQUET_ROWS = 200_000_000
LARGEST_PARQUET = 64 << 30
PIECE = 1 << 20
TEXT_START = 65_536


def check(path: Path) -> str:
    """What kind of file it is: `text`, `gzip`, `workbook` or `parquet`; raises `UploadRefused`."""
    with path.open("rb") as file:
        start = file.read(TEXT_START)
    if start.startswith(b"\x1f\x8b"):
        _check_gzip(path)
        return "gzip"
    if start.startswith(b"PK\x03\x04"):
        _check_workbook(path)
        return "workbook"
    if start.startswith(b"PAR1"):
        _check_parquet(path)
        return "parquet"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        if path.stat().st_size > LARGEST_WORKBOOK:
            raise _refused("The workbook is too large to be read into memory.", f"at most {LARGEST_WORKBOOK >> 20} MB")
        return "workbook"
    if b"\x00" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refused("It is no file of a kind that is read.", "CSV or text (also gzipped), Excel or Parquet")
    return "text"


def _check_gzip(path: Path) -> None:
    size, unpacked = path.stat().st_size, 0
    most = min(LARGEST_UNPACKED, max(PIECE, size * LARGEST_RATIO))
    unzip = zlib.decompressobj(31)
    with path.open("rb") as file:
        while piece := unzip.unconsumed_tail or unzip.unused_data or file.read(PIECE):
            if unzip.eof:
                unzip = zlib.decompressobj(31)
            try:
                got = unzip.decompress(piece, PIECE)
            except zlib.error as fault:
                raise _refused("The gzipped file is damaged.", "a file that can be unpacked") from fault
            if unpacked == 0 and got.startswith((b"PK\x03\x04", b"\x1f\x8b", b"PAR1")):
                raise _refused("It is packed twice.", "a text file, plain or gzipped")
            unpacked += len(got)
            if unpacked > most:
                raise _refused("It would unpack to far more than its size.", f"at most {LARGEST_RATIO} times its size")
    if not unzip.eof:
        raise _refused("The gzipped file is damaged.", "a file that can be unpacked")


def _check_workbook(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as parts:
            found = parts.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as fault:
        raise _refused("It is no readable workbook.", "an Excel or OpenDocument workbook") from fault
    names = {part.filename for part in found}
    if not any(name in names for name in ("xl/workbook.xml", "xl/workbook.bin", "content.xml")):
        raise _refused("It is an archive, and no workbook.", "the file itself, or gzipped")
    if len(found) > MOST_PARTS or sum(part.file_size for part in found) > LARGEST_WORKBOOK:
        raise _refused("The workbook would unpack to too much.", f"at most {LARGEST_WORKBOOK >> 20} MB unpacked")


def _check_parquet(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        about = pq.read_metadata(path)
        size = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
    except (pa.ArrowException, OSError) as fault:
        raise _refused("It is no readable Parquet file.", "a whole Parquet file") from fault
    if about.num_rows > LARGEST_PARQUET_ROWS or size > LARGEST_PARQUET:
        raise _refused("The Parquet file holds too much.", f"at most {LARGEST_PARQUET_ROWS:,} rows")


def _refused(received: str, expected: str) -> UploadRefused:
    return UploadRefused(received, expected=expected, remedy="Export it again, in parts if need be.")
