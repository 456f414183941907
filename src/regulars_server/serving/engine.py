"""The library's DuckDB with the serving file attached, so that facts flow into it without leaving the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.warehouse.engines.duckdb import DuckDB

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MEMORY = "512MB"
"""What a build may take before it spills to disk."""


class BuildingEngine(DuckDB):
    """Reads the tables like any other engine, and writes into the file attached as `serving`."""

    def __init__(self, *, spill: Path) -> None:
        super().__init__(memory_limit=MEMORY, temp_directory=spill, threads=2)

    def attach(self, path: Path) -> None:
        """Open a new file as the schema `serving`."""
        quoted = str(path).replace("'", "''")
        self._connection.execute(f"attach '{quoted}' as serving")

    def detach(self) -> None:
        """Write everything down and let go of the file."""
        self._connection.execute("checkpoint serving")
        self._connection.execute("detach serving")

    def do(self, query: str, values: Sequence[Any] = ()) -> None:
        """Run a statement."""
        self._connection.execute(query, list(values))

    def number(self, query: str) -> int:
        """The one number that a query answers."""
        row = self._connection.execute(query).fetchone()
        return 0 if row is None or row[0] is None else int(row[0])

    def function(self, name: str, work: Callable[[str], str]) -> None:
        """Make a function of a text usable in queries."""
        self._connection.create_function(name, work, ["VARCHAR"], "VARCHAR")
