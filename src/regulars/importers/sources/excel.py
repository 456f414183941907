"""Excel workbooks (.xlsx, .xls, .xlsb, .ods): the first sheet that holds a table, as rows of text."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from regulars.errors import ToolMissing
from regulars.importers.sources.source import ROW, RaggedRow, file_damaged, file_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_ROWS = 20_000


class ExcelSource:
    """A workbook's first sheet with rows. Excel itself ends a sheet at 1,048,576 rows, which bounds the memory."""

    separator: str | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ragged: list[RaggedRow] = []
        self.notes: list[str] = []
        try:
            import python_calamine as calamine
        except ImportError as fault:
            raise ToolMissing("Reading Excel needs the package python-calamine.", remedy="pip install python-calamine") from fault
        try:
            workbook = calamine.load_workbook(str(path))
            sheet = next((s for s in map(workbook.get_sheet_by_name, workbook.sheet_names) if s.height > 1), None)
        except (calamine.CalamineError, OSError, ValueError) as fault:
            raise file_damaged(path, f"it is no readable Excel workbook ({fault}).") from fault
        if sheet is None:
            raise file_empty(path)
        self._sheet = sheet
        others = [name for name in workbook.sheet_names if name != sheet.name]
        if others:
            self.notes.append(f"the sheet '{sheet.name}' was read; not read: {', '.join(others)}")
        self._before = (sheet.start or (0, 0))[0]
        self.header = self._read_header()

    def _read_header(self) -> tuple[str, ...]:
        for row in self._sheet.iter_rows():
            if any(cell != "" for cell in row):
                return tuple(_text(cell).strip() for cell in row)
        raise file_empty(self.path)

    def batches(self, wanted: Sequence[int], progress: Callable[[int], None] | None = None) -> Iterator[pa.RecordBatch]:
        size = self.path.stat().st_size
        columns: list[list[str]] = [[] for _ in wanted]
        numbers: list[int] = []
        seen_header = False
        for number, row in enumerate(self._sheet.iter_rows(), start=1):
            if all(cell == "" for cell in row):
                continue
            if not seen_header:
                seen_header = True
                continue
            numbers.append(number)
            for column, index in zip(columns, wanted, strict=True):
                column.append(_text(row[index]) if index < len(row) else "")
            if len(numbers) == _ROWS:
                yield _batch(numbers, columns, wanted)
                numbers, columns = [], [[] for _ in wanted]
                if progress is not None:
                    progress(size * number // self._sheet.height)
        if numbers:
            yield _batch(numbers, columns, wanted)


def _batch(numbers: list[int], columns: list[list[str]], wanted: Sequence[int]) -> pa.RecordBatch:
    arrays = [pa.array(np.array(numbers)), *(pa.array(column, pa.string()) for column in columns)]
    return pa.RecordBatch.from_arrays(arrays, [ROW, *(f"c{i}" for i in wanted)])


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell.total_seconds() / 86_400)
    return "" if cell is None else str(cell)
