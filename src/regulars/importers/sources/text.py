"""CSV and its kin: any usual separator and encoding, plain or gzipped, also columns set apart by blanks."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from regulars.importers.sources.source import ROW, RaggedRow, file_damaged, file_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_BLOCK = 4 << 20
_SEPARATORS = (",", ";", "\t", "|")
_BLANKS = " "
_NO_SEPARATOR = "\x1f"


class TextSource:
    """A text file as rows of cells."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ragged: list[RaggedRow] = []
        self.notes: list[str] = []
        with path.open("rb") as file:
            self._gzipped = file.read(2) == b"\x1f\x8b"
        self._quotes = 0
        self._encoding = self._find_encoding()
        self.separator: str | None
        self.header, self.separator, self._lines_before = self._read_header()
        if self._quotes % 2 and self.separator != _BLANKS:
            self._refuse_open_quote(self.separator)

    def batches(self, wanted: Sequence[int], progress: Callable[[int], None] | None = None) -> Iterator[pa.RecordBatch]:
        self.ragged = []
        stream = _Utf8Stream(self, progress)
        try:
            yield from self._by_blanks(stream, wanted) if self.separator == _BLANKS else self._by_separator(stream, wanted)
        finally:
            stream.close()

    def _by_separator(self, stream: _Utf8Stream, wanted: Sequence[int]) -> Iterator[pa.RecordBatch]:
        names = [f"c{i}" for i in range(len(self.header))]
        chosen = [names[i] for i in wanted] or names[:1]
        numbers = _Numbering(self._lines_before + 1)
        skipped: list[int] = []

        def ragged(row: Any) -> str:
            self.ragged.append(RaggedRow(row.number, row.expected_columns, row.actual_columns, row.text))
            skipped.append(row.number)
            return "skip"

        try:
            reader = pacsv.open_csv(
                stream,
                read_options=pacsv.ReadOptions(block_size=_BLOCK, use_threads=False, column_names=names, skip_rows=self._lines_before),
                parse_options=pacsv.ParseOptions(delimiter=self.separator, newlines_in_values=True, invalid_row_handler=ragged),
                convert_options=pacsv.ConvertOptions(
                    include_columns=chosen, column_types=dict.fromkeys(chosen, pa.string()), strings_can_be_null=False, check_utf8=False
                ),
            )
            for batch in reader:
                if batch.num_rows:
                    yield pa.RecordBatch.from_arrays([numbers.next(batch.num_rows, skipped), *batch.columns], [ROW, *chosen])
        except pa.ArrowInvalid as fault:
            if "Empty CSV file" in str(fault):
                return
            raise self._unreadable(fault) from fault

    def _unreadable(self, fault: pa.ArrowInvalid) -> Exception:
        if "straddling" in str(fault) or "block size" in str(fault):
            what = f"a row is longer than {_BLOCK >> 20} MB."
            return file_damaged(self.path, what, "Look for the very long cell, shorten it, and import again.")
        return file_damaged(self.path, f"it cannot be read as rows of cells ({fault}).")

    def _by_blanks(self, stream: _Utf8Stream, wanted: Sequence[int]) -> Iterator[pa.RecordBatch]:
        width = len(self.header)
        next_number = self._lines_before + 1
        try:
            reader = pacsv.open_csv(
                stream,
                read_options=pacsv.ReadOptions(block_size=_BLOCK, use_threads=False, column_names=["line"], skip_rows=self._lines_before),
                parse_options=pacsv.ParseOptions(delimiter=_NO_SEPARATOR, quote_char=False),
                convert_options=pacsv.ConvertOptions(column_types={"line": pa.string()}, strings_can_be_null=False, check_utf8=False),
            )
            for batch in reader:
                lines = pc.utf8_trim_whitespace(batch.column(0))
                lines = lines.filter(pc.not_equal(lines, ""))
                cells = pc.ascii_split_whitespace(lines)
                fits = pc.equal(pc.list_value_length(cells), width)
                numbers = np.arange(next_number, next_number + len(lines))
                next_number += len(lines)
                for place in np.flatnonzero(~np.asarray(fits.to_numpy(zero_copy_only=False), dtype=bool)):
                    self.ragged.append(RaggedRow(int(numbers[place]), width, len(cells[int(place)]), lines[int(place)].as_py()))
                flat = cells.filter(fits).flatten()
                columns = [flat.take(pa.array(np.arange(i, len(flat), width))) for i in wanted]
                yield pa.RecordBatch.from_arrays([pa.array(numbers).filter(fits), *columns], [ROW, *(f"c{i}" for i in wanted)])
        except pa.ArrowInvalid as fault:
            raise self._unreadable(fault) from fault

    def _read_header(self) -> tuple[tuple[str, ...], str, int]:
        stream = _Utf8Stream(self, None)
        start = stream.read(1 << 20).decode("utf-8", errors="replace").removeprefix("\ufeff")
        stream.close()
        if not start.strip():
            raise file_empty(self.path)
        lines = io.StringIO(start, newline="")
        before = 0
        first = ""
        while not first.strip():
            first = lines.readline()
            before += 1
        if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:  # Excel's hint line
            separator, first = first.strip()[-1], lines.readline()
            before += 1
        else:
            separator = _separator(first, lines.readline())
            lines.seek(0)
            for _ in range(before - 1):
                lines.readline()
            first = lines.readline()
        if separator == _BLANKS:
            return tuple(first.split()), separator, before
        rows = csv.reader(itertools.chain([first], lines), delimiter=separator)
        try:
            header = next(rows)
        except csv.Error as fault:
            raise file_damaged(self.path, f"its header cannot be read ({fault}).") from fault
        return tuple(name.strip() for name in header), separator, before + rows.line_num - 1

    def _refuse_open_quote(self, separator: str) -> None:
        """An odd number of quotation marks may be inches, or one that swallows the rest of the file: read it closely to know."""
        end = "the end of the file"
        stream = _Utf8Stream(self, None)
        lines = io.TextIOWrapper(io.BufferedReader(stream), encoding="utf-8", errors="replace", newline="")
        record: list[str] = []
        rows = 0
        try:
            for record in csv.reader(itertools.chain(lines, ["\n", end]), delimiter=separator):
                rows += 1 if record else 0
        except csv.Error:  # a field of more than 128 KB: only a lone quotation mark gets there with the marks uneven
            record = []
            rows += 1
        finally:
            stream.close()
        if record != [end]:
            raise file_damaged(
                self.path,
                f"a quotation mark near row {rows:,} is opened and never closed; everything after it would be one cell.",
                "Close or remove the lone quotation mark, and import again.",
            )

    def _find_encoding(self) -> str:
        """The encoding, found by reading the whole file once; that also proves that it is all there."""
        utf8 = codecs.getincrementaldecoder("utf-8")()
        encoding: str | None = None
        is_first, is_utf8 = True, True
        for block in self._blocks():
            self._quotes += block.count(b'"')
            if is_first:
                encoding = _by_first_bytes(block)
                is_first = False
            if encoding is None and is_utf8:
                try:
                    utf8.decode(block)
                except UnicodeDecodeError:
                    is_utf8 = False
        if is_first:
            raise file_empty(self.path)
        if encoding is None and is_utf8:
            try:
                utf8.decode(b"", final=True)
            except UnicodeDecodeError:
                is_utf8 = False
        if encoding is None and not is_utf8:
            self.notes.append("the text is not UTF-8; it was read as Windows-1252 (Western European)")
        return encoding or ("utf-8" if is_utf8 else "windows-1252-or-latin-1")

    def _blocks(self) -> Iterator[bytes]:
        with self.open_bytes() as file:
            while block := self.read_from(file, _BLOCK):
                yield block

    def open_bytes(self) -> Any:
        return gzip.open(self.path, "rb") if self._gzipped else self.path.open("rb")

    def read_from(self, file: Any, size: int) -> bytes:
        try:
            return bytes(file.read(size))
        except (EOFError, gzip.BadGzipFile, zlib.error) as fault:
            raise file_damaged(self.path, f"the gzip archive breaks off or is damaged ({fault}).") from fault

    @property
    def encoding(self) -> str:
        return self._encoding


class _Utf8Stream(io.RawIOBase):
    """The file's text as UTF-8 bytes, whatever encoding it has."""

    def __init__(self, source: TextSource, progress: Callable[[int], None] | None) -> None:
        self._source = source
        self._file = source.open_bytes()
        self._raw: Any = self._file.fileobj if isinstance(self._file, gzip.GzipFile) else self._file
        self._progress = progress
        encoding = source.encoding
        self._decoder = None if encoding == "utf-8" else _decoder(encoding)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def read(self, size: int = -1) -> bytes:
        size = _BLOCK if size < 0 else size
        while len(self._left) < size:
            block = self._source.read_from(self._file, max(size, 1 << 16))
            if self._decoder is not None:
                block_text = self._decoder.decode(block, not block)
                self._left += block_text.encode("utf-8")
            else:
                self._left += block
            if not block:
                break
        if self._progress is not None:
            self._progress(self._position())
        given, self._left = self._left[:size], self._left[size:]
        return given

    def _position(self) -> int:
        try:
            return int(self._raw.tell())
        except (ValueError, OSError):
            return 0

    def close(self) -> None:
        self._file.close()
        super().close()


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    if encoding == "windows-1252-or-latin-1":
        return _WesternDecoder()
    return codecs.getincrementaldecoder(encoding)(errors="replace")


class _WesternDecoder(codecs.IncrementalDecoder):
    """Windows-1252, and Latin-1 for the five bytes that it leaves open."""

    def decode(self, data: Any, final: bool = False) -> str:  # noqa: ARG002
        return (
            "".join(_WESTERN[byte] for byte in bytes(data))
            if any(b in _OPEN_IN_1252 for b in _OPEN_IN_1252 & set(bytes(data)))
            else bytes(data).decode("cp1252")
        )


_OPEN_IN_1252 = frozenset({0x81, 0x8D, 0x8F, 0x90, 0x9D})
_WESTERN = [bytes([b]).decode("latin-1" if b in _OPEN_IN_1252 else "cp1252") for b in range(256)]


class _Numbering:
    """Row numbers that leave out the rows that were skipped."""

    def __init__(self, first: int) -> None:
        self._next = first

    def next(self, count: int, skipped: list[int]) -> pa.Array:
        numbers = np.arange(self._next, self._next + count)
        for number in sorted(skipped):
            # Numbers of ragged rows come in ascending order, and the reader may know some that lie further on.
            if number <= numbers[-1]:
                numbers[numbers >= number] += 1
        skipped[:] = [number for number in skipped if number > numbers[-1]]
        self._next = int(numbers[-1]) + 1
        return pa.array(numbers)


def _by_first_bytes(start: bytes) -> str | None:
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if start.startswith(mark):
            return encoding
    sample = start[:4096]
    if len(sample) >= 4 and sample[1::2].count(0) > len(sample) // 4:
        return "utf-16-le"
    if len(sample) >= 4 and sample[0::2].count(0) > len(sample) // 4:
        return "utf-16-be"
    return None


def _separator(header: str, second: str) -> str:
    outside = "".join(part for i, part in enumerate(header.split('"')) if i % 2 == 0)
    best = max(_SEPARATORS, key=outside.count)
    if outside.count(best):
        return best
    if len(outside.split()) > 1 and len(outside.split()) == len(second.split()):
        return _BLANKS
    return ","
