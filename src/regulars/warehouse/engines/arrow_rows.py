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


def column_definitions(schema: pa.Schema, types: Mapping[str, str], template: str) -> str:
    """Comma-separated column definitions: `template` is filled with `name` and `type`; `types` maps Arrow type names."""
    return ", ".join(template.format(name=field.name, type=types[str(field.type)]) for field in schema)
