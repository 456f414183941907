"""DuckDB, the embedded engine; the only file that imports duckdb."""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import TYPE_CHECKING, Self

import duckdb

from regulars.errors import DiskFull, EngineFailed, FilesGone
from regulars.warehouse.engines.arrow_rows import plain_types

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    import pyarrow as pa

    from regulars.tables import Table

MEMORY_LIMIT = "1200MB"
"""What DuckDB may take before it spills to disk, so that ten million events fit into 2 GB with all else; REGULARS_MEMORY sets another."""


GONE = ("No such file or directory", "No files found")
"""How DuckDB says that a Parquet file which was there is not."""


class DuckDB:
    """An in-memory DuckDB that spills to a folder of its own when memory runs short."""

    dialect = "duckdb"

    def __init__(self, *, memory_limit: str | None = None, temp_directory: Path | str | None = None, threads: int | None = None) -> None:
        self._own_folder = tempfile.TemporaryDirectory(prefix="regulars-duckdb-") if temp_directory is None else None
        spill = self._own_folder.name if self._own_folder else str(temp_directory)
        config: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": spill,
            "TimeZone": "UTC",
            "autoinstall_known_extensions": False,
        }
        config["memory_limit"] = memory_limit or os.environ.get("REGULARS_MEMORY") or MEMORY_LIMIT
        if threads:
            config["threads"] = threads
        self._connection = duckdb.connect(":memory:", config=config)
        self._scopes = ["main"]
        self._connection.execute("set enable_progress_bar = false")
        # Relations are written with the smaller table on the right, and know it; DuckDB guesses, and after a filter by a scalar guesses wrong:
        # it then builds its hash table over the millions (10 M events: order_rows 6.5 -> 3.7 s, line_rows 47 -> 6 s).
        self._connection.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")

    def read(self, table: Table, files: Sequence[str]) -> None:
        if not files:
            # A view that is known to be empty, unlike a table that happens to be, takes itself out of the queries that ask it.
            columns = f"columns of {table.name}"
            self.load(columns, table.arrow_schema.empty_table())
            self.define(table.name, f'select * from "{columns}" where false')
            return
        names = ", ".join("'" + f.replace("'", "''") + "'" for f in files)
        columns = ", ".join(f'"{c.name}"' for c in table.columns)
        with _faults_named():
            self._connection.execute(f'create or replace view "{table.name}" as select {columns} from read_parquet([{names}])')

    def load(self, name: str, rows: pa.Table) -> None:
        with _faults_named():
            self._connection.register("incoming_rows", rows)
            try:
                self._connection.execute(f'create or replace table "{name}" as select * from incoming_rows')
            finally:
                self._connection.unregister("incoming_rows")

    def view(self, name: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Make Arrow rows readable under `name` without copying them; a reader can be read once."""
        self._connection.register(name, rows)

    def forget(self, name: str) -> None:
        """Undo `view`."""
        self._connection.unregister(name)

    def create(self, name: str, query: str) -> None:
        with _faults_named(query):
            self._connection.execute(f'create or replace table "{name}" as {query}')

    def define(self, name: str, query: str) -> None:
        with _faults_named(query):
            self._connection.execute(f'create or replace view "{name}" as {query}')

    def run(self, query: str) -> pa.Table:
        with _faults_named(query):
            return plain_types(self._connection.sql(query).to_arrow_table())

    def batches(self, query: str, rows_per_batch: int = 100_000) -> Iterator[pa.RecordBatch]:
        """The answer of `query` piece by piece, in bounded memory."""
        with _faults_named(query):
            yield from self._connection.sql(query).to_arrow_reader(rows_per_batch)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        scope = f"aside_{len(self._scopes)}"
        self._connection.execute(f"create schema {scope}")
        self._search([scope, *self._scopes])
        try:
            yield
        finally:
            self._search(self._scopes[1:])
            self._connection.execute(f"drop schema {scope} cascade")

    def _search(self, scopes: list[str]) -> None:
        self._connection.execute(f"set search_path = '{','.join(scopes)}'")
        self._scopes = scopes

    def close(self) -> None:
        self._connection.close()
        if self._own_folder:
            self._own_folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


@contextlib.contextmanager
def _faults_named(query: str = "") -> Iterator[None]:
    try:
        yield
    except duckdb.Error as fault:
        if "No space left on device" in str(fault):
            raise DiskFull("The disk is full.", remedy="Free some space and run the same command again.") from fault
        if isinstance(fault, duckdb.IOException) and any(sign in str(fault) for sign in GONE):
            raise FilesGone(
                "Files of the workspace were removed while they were read: somebody was erased, or the tables were compacted.",
                remedy="Run the same command again.",
            ) from fault
        if isinstance(fault, duckdb.OutOfMemoryException):
            raise EngineFailed(
                f"DuckDB ran out of the memory it may take: {str(fault).splitlines()[0]}",
                remedy="Allow it more with the environment variable REGULARS_MEMORY, such as REGULARS_MEMORY=4GB.",
                details={"query": query},
            ) from fault
        raise EngineFailed(
            f"DuckDB refused a query: {str(fault).splitlines()[0]}",
            remedy="This is a fault of ours; please report it with the query.",
            details={"query": query},
        ) from fault
