"""The facts of a synthetic workspace by hand-written DuckDB SQL; prints what the quickest of some runs took, as JSON.

Usage: facts_by_hand.py WORKSPACE RUNS [FILE [MEMORY]]; FILE (Parquet) gets the answer, MEMORY is what DuckDB may take (default: most of the machine's).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import duckdb

from measure import HERE, spend, stored

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = ("customers", "orders", "order_lines", "responses", "tickets")


def main(workspace: str, runs: str, file: str = "", memory_limit: str = "") -> None:
    """Ask as often as said, each time with a connection of its own."""
    files, as_of_day = stored(workspace)
    text = (HERE / "facts_by_hand.sql").read_text()

    def ask() -> pa.Table:
        with duckdb.connect() as connection:
            if memory_limit:
                connection.execute(f"set memory_limit = '{memory_limit}'")
            connection.execute("set enable_progress_bar = false")
            for table in TABLES:
                connection.execute(f"create view {table} as select * from read_parquet({files[table]})")
            return connection.sql(text, params={"as_of_day": as_of_day}).to_arrow_table()

    spend(ask, int(runs), file)


main(*sys.argv[1:])
