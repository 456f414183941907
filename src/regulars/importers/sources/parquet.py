"""Parquet files as rows of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulars.errors import FileDamaged
from regulars.importers.sources.source import ROW, RaggedRow, file_damaged, file_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


class ParquetSource:
    """A Parquet file; typed values become the text that a CSV file would hold."""

    separator: str | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ragged: list[RaggedRow] = []
        self.notes: list[str] = []
        try:
            with pq.ParquetFile(path) as file:
                self._schema = file.schema_arrow
                rows = file.metadata.num_rows
        except (pa.ArrowInvalid, OSError) as fault:
            raise file_damaged(path, f"it is no complete Parquet file ({_first_line(fault)}).") from fault
        if not rows:
            raise file_empty(path)
        self.header = tuple(self._schema.names)

    def batches(self, wanted: Sequence[int], progress: Callable[[int], None] | None = None) -> Iterator[pa.RecordBatch]:
        for index in wanted:
            _refuse_nested(self._schema.field(index), self.path)
        size = self.path.stat().st_size
        number = 2
        try:
            with pq.ParquetFile(self.path) as file:
                total = file.metadata.num_rows
                for batch in file.iter_batches(batch_size=65_536, columns=[self.header[i] for i in wanted] or None):
                    columns = [as_text(batch.column(self.header[i])) for i in wanted]
                    numbers = pa.array(np.arange(number, number + batch.num_rows))
                    number += batch.num_rows
                    yield pa.RecordBatch.from_arrays([numbers, *columns], [ROW, *(f"c{i}" for i in wanted)])
                    if progress is not None:
                        progress(size * (number - 2) // total)
        except (pa.ArrowInvalid, OSError) as fault:
            raise file_damaged(self.path, f"it cannot be read to its end ({_first_line(fault)}).") from fault


def as_text(values: pa.Array) -> pa.Array:
    """Typed values as the text that a CSV file would hold; nulls as empty text."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
        kind = values.type
    if pa.types.is_timestamp(kind):
        if kind.tz:
            values = pc.binary_join_element_wise(values.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us")).cast(pa.string()), "Z", "")
        else:
            values = values.cast(pa.timestamp("us"), safe=False).cast(pa.string())
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        values = pa.array([None if v is None else v.decode("utf-8", errors="replace") for v in values.to_pylist()], pa.string())
    elif pa.types.is_null(kind):
        values = pa.nulls(len(values), pa.string())
    else:
        values = values.cast(pa.string())
    return pc.fill_null(values, "")


def _refuse_nested(field: pa.Field, path: Path) -> None:
    kind = field.type
    if pa.types.is_nested(kind) and not pa.types.is_dictionary(kind):
        raise FileDamaged(
            f"{path.name}: the column '{field.name}' holds {kind}, not single values.",
            expected="text, numbers, dates or yes/no in the columns that are imported",
            remedy=f"Leave the column out with --map '{field.name}=ignore', or export it as plain values.",
            details={"file": str(path), "column": field.name, "type": str(kind)},
        )


def _first_line(fault: Exception) -> str:
    return str(fault).splitlines()[0] if str(fault) else type(fault).__name__
