"""ClickHouse, embedded as chdb; the only file that imports chdb."""

from __future__ import annotations

import contextlib
import tempfile
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from chdb import session as chdb_session

from regulars.errors import EngineFailed
from regulars.tables import TABLES
from regulars.warehouse.engines.arrow_rows import column_definitions, plain_types, read_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regulars.tables import Table

TYPES = {
    "string": "String",
    "int64": "Int64",
    "int32": "Int32",
    "double": "Float64",
    "bool": "Bool",
    "timestamp[us]": "DateTime64(6)",
    "date32[day]": "Date32",
}
SETTINGS = "settings join_use_nulls = 1, session_timezone = 'UTC', aggregate_functions_null_for_empty = 1, cast_keep_nullable = 1"
"""Joins and sums that answer null as other engines do; every instant is UTC."""


class ClickHouse:
    """An embedded ClickHouse in a folder of its own; one at a time in a process."""

    dialect = "clickhouse"

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="regulars-clickhouse-")
        self._session = chdb_session.Session(self._folder.name)
        self._scopes: list[str] = []
        self._enter("work")
        for setting in SETTINGS.removeprefix("settings ").split(", "):
            self._execute(f"set {setting}")

    def read(self, table: Table, files: Sequence[str]) -> None:
        self.load(table.name, read_files(table, files))

    def load(self, name: str, rows: pa.Table) -> None:
        columns = column_definitions(rows.schema, TYPES, "`{name}` Nullable({type})")
        self._execute(f"drop table if exists `{name}`")
        self._execute(f"create table `{name}` ({columns}) engine = Memory")
        if not rows.num_rows:
            return
        with tempfile.NamedTemporaryFile(suffix=".parquet", dir=self._folder.name) as file:
            pq.write_table(rows, file.name)
            self._execute(f"insert into `{name}` select * from file('{file.name}', Parquet)")

    def create(self, name: str, query: str) -> None:
        self._execute(f"drop table if exists `{name}`")
        self._execute(f"create table `{name}` engine = Memory as {query}")

    def define(self, name: str, query: str) -> None:
        self._execute(f"drop view if exists `{name}`")
        self._execute(f"create view `{name}` as {query}")

    def run(self, query: str) -> pa.Table:
        answer = self._execute(query, "Arrow")
        data = answer.bytes()
        return plain_types(pa.ipc.open_file(pa.BufferReader(data)).read_all()) if data else pa.table({})

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        # One database sees nothing of another: the canonical tables are named there once more.
        self._enter(f"aside_{len(self._scopes)}")
        try:
            for name in TABLES:
                self._execute(f"create view `{name}` as select * from work.`{name}`")
            yield
        finally:
            scope = self._scopes.pop(0)
            self._execute(f"use {self._scopes[0]}")
            self._execute(f"drop database {scope}")

    def _enter(self, scope: str) -> None:
        self._execute(f"create database {scope} engine = Atomic")
        self._execute(f"use {scope}")
        self._scopes.insert(0, scope)

    def close(self) -> None:
        self._session.close()
        self._folder.cleanup()

    def _execute(self, query: str, form: str = "CSV") -> chdb_session.Session:
        try:
            return self._session.query(query, form)
        except RuntimeError as fault:
            raise EngineFailed(
                f"ClickHouse refused a query: {str(fault).splitlines()[0]}",
                remedy="This is a fault of ours; please report it with the query.",
                details={"query": query},
            ) from fault
