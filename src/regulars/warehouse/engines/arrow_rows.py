"""Arrow rows as typed column definitions and back, for engines that are given rows rather than files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.tables import Table


def read_files(table: Table, files: Sequence[str]) -> pa.Table:
    """The canonical table's rows in Parquet `files`, as one Arrow table."""
    names = [c.name for c in table.columns]
    parts = [pq.read_table(file, columns=names) for file in files]
    return pa.concat_tables(parts).cast(table.arrow_schema) if parts else table.arrow_schema.empty_table()


def plain_types(answer: pa.Table) -> pa.Table:
    """An answer in the types that tables have: engines widen, narrow and sign integers each in their own way."""
    schema = pa.schema([pa.field(field.name, _plain_type(field.type)) for field in answer.schema])
    return answer if answer.schema.equals(schema) else answer.cast(schema)


def _plain_type(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_integer(type_) or (pa.types.is_decimal(type_) and type_.scale == 0):
        return pa.int64()
    if pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        return pa.float64()
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us")
    if pa.types.is_large_string(type_) or pa.types.is_binary(type_):
        return pa.string()
    return type_


def column_definitions(schema: pa.Schema, types: Mapping[str, str], template: str) -> str:
    """Comma-separated column definitions: `template` is filled with `name` and `type`; `types` maps Arrow type names."""
    return ", ".join(template.format(name=field.name, type=types[str(field.type)]) for field in schema)
