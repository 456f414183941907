"""PostgreSQL; the only file that imports psycopg. Everything is kept in a schema of the session's own, dropped at the end."""

from __future__ import annotations

import contextlib
import secrets
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
from psycopg import sql

from regulars.errors import EngineFailed
from regulars.warehouse.engines.arrow_rows import column_definitions, plain_types, read_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regulars.tables import Table

TYPES = {
    "string": "text",
    "int64": "bigint",
    "int32": "integer",
    "double": "double precision",
    "bool": "boolean",
    "timestamp[us]": "timestamp",
    "date32[day]": "date",
}


class Postgres:
    """A connection to PostgreSQL 14 or newer."""

    dialect = "postgres"

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._schema = f"regulars_{secrets.token_hex(6)}"
        self._scopes: list[str] = []
        self._enter(self._schema)
        self._execute(sql.SQL("set time zone 'UTC'"))

    def read(self, table: Table, files: Sequence[str]) -> None:
        self.load(table.name, read_files(table, files))

    def load(self, name: str, rows: pa.Table) -> None:
        columns = column_definitions(rows.schema, TYPES, '"{name}" {type}')
        self._execute(f'drop table if exists "{self._scopes[0]}"."{name}" cascade')
        self._execute(f'create table "{name}" ({columns})')
        with self._connection.cursor() as cursor, cursor.copy(sql.SQL("copy {} from stdin").format(sql.Identifier(name))) as copy:
            for batch in rows.to_batches(max_chunksize=10_000):
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    copy.write_row(row)

    def create(self, name: str, query: str) -> None:
        self._execute(f'drop table if exists "{self._scopes[0]}"."{name}" cascade')
        self._execute(f'create table "{name}" as {query}')

    def define(self, name: str, query: str) -> None:
        self._execute(f'drop view if exists "{self._scopes[0]}"."{name}" cascade')
        self._execute(f'create view "{name}" as {query}')

    def run(self, query: str) -> pa.Table:
        cursor = self._execute(query)
        names = [column.name for column in cursor.description or ()]
        rows = cursor.fetchall()
        columns = [pa.array([_plain(row[i]) for row in rows]) for i in range(len(names))]
        return plain_types(pa.table(columns, names=names)) if names else pa.table({})

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        scope = f"{self._schema}_{len(self._scopes)}"
        self._enter(scope)
        try:
            yield
        finally:
            self._scopes.remove(scope)
            self._search()
            self._execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(scope)))

    def _enter(self, scope: str) -> None:
        self._execute(sql.SQL("create schema {}").format(sql.Identifier(scope)))
        self._scopes.insert(0, scope)
        self._search()

    def _search(self) -> None:
        self._execute(sql.SQL("set search_path to {}").format(sql.SQL(", ").join(map(sql.Identifier, self._scopes))))

    def close(self) -> None:
        for scope in list(self._scopes):
            self._execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(scope)))
        self._connection.close()

    def _execute(self, query: str | sql.Composed | sql.SQL) -> psycopg.Cursor[Any]:
        try:
            return self._connection.execute(query.encode() if isinstance(query, str) else query)
        except psycopg.Error as fault:
            raise EngineFailed(
                f"PostgreSQL refused a query: {str(fault).splitlines()[0]}",
                remedy="This is a fault of ours; please report it with the query.",
                details={"query": str(query)},
            ) from fault


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    return value
