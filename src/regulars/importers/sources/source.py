"""What every kind of file offers: a header, and its rows as text, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from regulars.errors import FileDamaged, FileEmpty, FileMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

ROW = "_row"
"""Column of the row's number as a spreadsheet shows it: the header is row 1."""


@dataclass(frozen=True, slots=True)
class RaggedRow:
    """A row with more or fewer cells than the header."""

    number: int
    expected: int
    cells: int
    text: str


class Source(Protocol):
    """An opened file, readable several times."""

    path: Path
    header: tuple[str, ...]
    ragged: list[RaggedRow]
    """Rows that do not fit the header, as far as has been read; whoever reads takes them out."""
    notes: list[str]

    @property
    def separator(self) -> str | None:
        """What parts the cells of a text file; None for typed files."""

    def batches(self, wanted: Sequence[int], progress: Callable[[int], None] | None = None) -> Iterator[pa.RecordBatch]:
        """Rows as text: the column `_row`, and `c0`, `c5`, ... for the `wanted` columns. `progress` is told the bytes read."""


def open_source(path: Path) -> Source:
    """The file as rows of text, whatever kind it is; raises `FileMissing`, `FileEmpty`, `FileDamaged`."""
    from regulars.importers.sources.excel import ExcelSource
    from regulars.importers.sources.parquet import ParquetSource
    from regulars.importers.sources.text import TextSource

    start = _first_bytes(path)
    if start.startswith(b"PAR1"):
        return ParquetSource(path)
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return ExcelSource(path)
    return TextSource(path)


def _first_bytes(path: Path) -> bytes:
    if not path.exists():
        raise FileMissing(f"There is no file {path}.", expected="a file that exists", remedy="Check the path and its spelling.")
    if not path.is_file():
        raise FileMissing(f"{path} is a folder, not a file.", expected="a file", remedy="Name the files in it, for example with *.csv.")
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as fault:
        raise FileDamaged(
            f"{path} cannot be read: {fault.strerror}.", expected="a readable file", remedy="Check its permissions."
        ) from fault
    if not start:
        raise file_empty(path)
    return start


def file_empty(path: Path) -> FileEmpty:
    return FileEmpty(
        f"{path.name} holds no rows.", expected="a header and at least one row", remedy="Export it again.", details={"file": str(path)}
    )


def file_damaged(path: Path, what: str, remedy: str = "Copy or export it again, and import that.") -> FileDamaged:
    return FileDamaged(f"{path.name}: {what}", expected="a file that can be read to its end", remedy=remedy, details={"file": str(path)})
