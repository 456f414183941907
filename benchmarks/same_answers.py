"""Compares answers column by column, so that only like is measured against like.

Usage: same_answers.py FILE OTHER...
"""

from __future__ import annotations

import json
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def differences(one: pa.Table, other: pa.Table) -> list[str]:
    """Names of the columns in which the tables differ; real numbers may differ by a billionth."""
    if sorted(one.column_names) != sorted(other.column_names) or one.num_rows != other.num_rows:
        return ["the shape of the table"]
    return [name for name in one.column_names if not _same(one.column(name).combine_chunks(), other.column(name).combine_chunks())]


def _same(a: pa.Array, b: pa.Array) -> bool:
    if not a.is_null().equals(b.is_null()):
        return False
    if not pa.types.is_floating(a.type) and not pa.types.is_floating(b.type):
        return bool(a.equals(b.cast(a.type)))
    a, b = pc.fill_null(a.cast(pa.float64()), 0.0), pc.fill_null(b.cast(pa.float64()), 0.0)
    allowed = pc.multiply(pc.add(pc.abs(a), 1.0), 1e-9)
    return bool(pc.all(pc.less_equal(pc.abs(pc.subtract(a, b)), allowed)).as_py() is not False)


def main(first: str, *others: str) -> None:
    """Stop with the names of the columns that differ."""
    ours = pq.read_table(first)
    for other in others:
        found = differences(ours, pq.read_table(other))
        if found:
            raise SystemExit(f"{other} differs from {first} in {', '.join(found)}")
    print(json.dumps({"rows": ours.num_rows, "columns": ours.num_columns}))


main(*sys.argv[1:])
