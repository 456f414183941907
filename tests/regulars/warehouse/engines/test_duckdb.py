"""The embedded engine."""

from __future__ import annotations

import pytest

from regulars.errors import EngineFailed
from regulars.tables import TABLES
from regulars.warehouse.engines.duckdb import DuckDB

WIDE = "select range as a, range * 7 % 1000003 as b, 'customer ' || range as c from range(600000)"


class TestDuckDB:
    def test_a_table_without_files_is_empty_and_has_its_columns(self) -> None:
        with DuckDB() as engine:
            engine.read(TABLES["orders"], [])
            assert engine.run("select * from orders").schema.names == [c.name for c in TABLES["orders"].columns]
            assert engine.run("select count(*) as n from orders").to_pylist() == [{"n": 0}]

    def test_a_table_without_files_takes_itself_out_of_a_query(self) -> None:
        with DuckDB() as engine:
            engine.create("kept", "select 'k' as row_key")
            engine.read(TABLES["supersessions"], [])
            plan = engine.run("explain select * from kept anti join supersessions on kept.row_key = superseded_key").column(1)[0].as_py()
            assert "anti" not in plan.lower()

    def test_what_is_defined_follows_the_table_it_rests_on(self) -> None:
        with DuckDB() as engine:
            engine.create("numbers", "select 1 as n")
            engine.define("doubled", "select 2 * n as n from numbers")
            engine.create("numbers", "select 21 as n")
            assert engine.run("select n from doubled").to_pylist() == [{"n": 42}]

    def test_spills_to_disk_instead_of_failing(self) -> None:
        with DuckDB(memory_limit="60MB", threads=1) as engine:
            engine.create("wide", WIDE)
            ordered = engine.run(
                "select count(*) as n, max(place) as last from (select row_number() over (order by b, c) as place from wide)"
            )
        assert ordered.to_pylist() == [{"n": 600_000, "last": 600_000}]

    def test_says_how_to_allow_more_memory_where_it_cannot_spill(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REGULARS_MEMORY", "20MB")
        with DuckDB(threads=1) as engine, pytest.raises(EngineFailed) as refused:
            engine.run(f"select list(c) as every from ({WIDE})")
        assert "REGULARS_MEMORY=4GB" in str(refused.value.remedy)
