"""Rows for the tests of the warehouse: every column of a table, with only what matters given."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from regulars.tables import TABLES, Type

if TYPE_CHECKING:
    from regulars.workspace import Workspace

MARCH = datetime(2024, 3, 1, 12)
_FILL: dict[Type, Any] = {
    Type.STRING: "x",
    Type.INTEGER: 0,
    Type.REAL: 0.0,
    Type.BOOLEAN: False,
    Type.INSTANT: MARCH,
    Type.DATE: MARCH.date(),
}


def rows(table: str, *given: dict[str, Any]) -> pa.Table:
    """Rows of a table without load_id; what is required and not given is filled with a plain value."""
    columns = [c for c in TABLES[table].columns if c.name != "load_id"]
    schema = pa.schema([TABLES[table].arrow_schema.field(c.name) for c in columns])
    full = []
    for ordinal, values in enumerate(given):
        unknown = set(values) - {c.name for c in columns}
        assert not unknown, unknown
        filled = {c.name: _FILL[c.type] if c.required else None for c in columns}
        filled |= {"source": "csv", "row_key": f"{table}-{ordinal}", **values}
        filled |= {"row_hash": hashlib.sha256(repr(sorted(values.items(), key=str)).encode()).hexdigest()[:16]}
        full.append(filled)
    return pa.Table.from_pylist(full, schema=schema)


def order(order_id: str, customer: str | None, amount: int, at: datetime = MARCH, **more: Any) -> dict[str, Any]:
    """An order row's values."""
    return {
        "row_key": f"{order_id}:purchase",
        "order_id": order_id,
        "identity_id": customer,
        "amount_minor": amount,
        "occurred_at": at,
        "recorded_at": at,
        "kind": "purchase",
        "currency": "EUR",
        **more,
    }


def put(workspace: Workspace, report: dict[str, Any] | None = None, *, at: datetime | None = None, **tables: pa.Table) -> str:
    """Commit rows as one load; its id."""
    with workspace.stage(source="csv", now=at) as load:
        for table, found in tables.items():
            load.add(table, found)
        load.commit(report or {}, [{"path": "orders.csv"}])
    return load.load_id


def read(workspace: Workspace, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query over the tables' files, each named as its table."""
    snapshot = workspace.snapshot()
    with duckdb.connect() as connection:
        for table in TABLES:
            files = list(snapshot.files(table))
            if files:
                connection.execute(f"create view {table} as select * from read_parquet({files!r})")
            else:
                connection.register(table, TABLES[table].arrow_schema.empty_table())
        return connection.execute(query).fetchall()
