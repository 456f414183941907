"""What a database engine must do: take a query text, give back Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    import pyarrow as pa

    from regulars.tables import Table


class Engine(Protocol):
    """Runs query texts in one dialect. Names are unquoted, lower case and without a schema."""

    dialect: str
    """The dialect that query texts are compiled to (an Ibis dialect name)."""

    def read(self, table: Table, files: Sequence[str]) -> None:
        """Make the rows of `files` (Parquet) readable under the canonical table's name."""

    def load(self, name: str, rows: pa.Table) -> None:
        """Make `rows` readable under `name`, replacing what was there."""

    def create(self, name: str, query: str) -> None:
        """Keep the answer of `query` under `name`, replacing what was there."""

    def define(self, name: str, query: str) -> None:
        """Let `name` stand for `query` without keeping its answer, replacing what was there."""

    def run(self, query: str) -> pa.Table:
        """The answer of `query`."""

    def aside(self) -> AbstractContextManager[None]:
        """Within it, names that are loaded, created or defined hide those outside, and are gone afterwards; canonical tables are seen as before."""

    def close(self) -> None:
        """Give up the connection and everything kept in it."""
