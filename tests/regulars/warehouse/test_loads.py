"""Loads: all rows in all tables, or none."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars.errors import ArgumentRefused, TableContractBroken, WorkspaceLocked
from regulars.tables import TABLES
from regulars.warehouse.records import latest_loaded_at
from regulars.workspace import Workspace
from tests.regulars.warehouse.rows import order, put, read, rows


@pytest.fixture
def shop(tmp_path):
    return Workspace.create(tmp_path / "shop", name="Shop", currency="EUR")


def everything_below(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and "locks" not in p.parts)


class TestLoad:
    def test_commits_rows_of_several_tables_together(self, shop):
        load_id = put(
            shop,
            {"read": 2},
            orders=rows("orders", order("1", "anna", 1000), order("2", None, 500)),
            order_lines=rows("order_lines", {"order_id": "1", "identity_id": "anna", "amount_minor": 1000, "quantity": 1.0}),
        )
        assert read(shop, "select count(*), sum(amount_minor)::bigint, min(load_id) from orders") == [(2, 1500, load_id)]
        assert read(shop, "select count(*) from order_lines") == [(1,)]
        (record,) = shop.loads()
        assert (record.load_id, record.report, record.rows, record.undone) == (load_id, {"read": 2}, {"orders": 2, "order_lines": 1}, False)
        assert record.files == [{"path": "orders.csv"}]
        assert not list((shop.folder / "staging").iterdir())

    def test_stores_instants_without_a_zone_for_duckdb(self, shop):
        put(shop, orders=rows("orders", order("1", "anna", 1000)))
        assert read(shop, "select typeof(occurred_at), occurred_at from orders") == [("TIMESTAMP", datetime(2024, 3, 1, 12))]

    def test_keeps_the_columns_of_every_table(self, shop):
        put(shop, **{name: rows(name, {}) for name in TABLES})
        snapshot = shop.snapshot()
        for name, table in TABLES.items():
            (path,) = snapshot.files(name)
            stored = pq.read_schema(path)
            assert [(f.name, f.type, f.nullable) for f in stored] == [(f.name, f.type, f.nullable) for f in table.arrow_schema]

    def test_leaves_nothing_behind_without_commit(self, shop):
        before = everything_below(shop.folder)
        with shop.stage(source="csv") as load:
            load.add("orders", rows("orders", order("1", "anna", 1000)))
            assert load.staged_rows("orders") == 1
        assert everything_below(shop.folder) == before
        assert shop.snapshot().files("orders") == ()

    def test_leaves_nothing_behind_after_an_error(self, shop):
        before = everything_below(shop.folder)
        with pytest.raises(ZeroDivisionError), shop.stage(source="csv") as load:  # noqa: PT012
            load.add("orders", rows("orders", order("1", "anna", 1000)))
            load.quarantine(pa.table({"file": ["f"], "row_number": [1], "reason": ["r"], "explanation": ["e"], "raw": ["{}"]}))
            _ = 1 / 0
        assert everything_below(shop.folder) == before
        put(shop, orders=rows("orders", order("1", "anna", 1000)))  # the locks are free again

    def test_refuses_rows_that_do_not_fit_and_writes_nothing(self, shop):
        good = rows("orders", order("1", "anna", 1000))
        with shop.stage(source="csv") as load:
            for bad in (good.drop_columns(["currency"]), good.set_column(2, "source", pa.array([None], pa.string()))):
                with pytest.raises(TableContractBroken):
                    load.add("orders", bad)
            with pytest.raises(TableContractBroken, match="load_id"):
                load.add("orders", good.add_column(5, "load_id", pa.array(["mine"])))
            with pytest.raises(ArgumentRefused, match="no table called 'sales'"):
                load.add("sales", good)
            assert load.staged_rows("orders") == 0
        assert shop.loads() == []

    def test_keeps_quarantine_by_load(self, shop):
        with shop.stage(source="csv") as load:
            load.quarantine(
                pa.table({"file": ["a.csv"], "row_number": [7], "reason": ["bad_date"], "explanation": ["31 June"], "raw": ['{"a": 1}']})
            )
            load.commit({}, [])
        (row,) = pq.read_table(shop.folder / "quarantine" / f"{load.load_id}.parquet").to_pylist()
        assert row == {"file": "a.csv", "row_number": 7, "reason": "bad_date", "explanation": "31 June", "raw": '{"a": 1}'}

    def test_has_an_id_that_sorts_by_time(self, shop):
        ids = [put(shop, orders=rows("orders", order(str(n), "anna", 1))) for n in range(5)]
        assert ids == sorted(set(ids)) == [record.load_id for record in shop.loads()]

    def test_takes_the_instant_it_is_given(self, shop):
        put(shop, at=datetime(2024, 5, 1, 9, tzinfo=UTC), orders=rows("orders", order("1", "anna", 1)))
        assert shop.loads()[0].loaded_at == datetime(2024, 5, 1, 9, tzinfo=UTC)

    def test_a_load_without_rows_is_recorded(self, shop):
        put(shop, {"already_there": 10})
        assert [record.report for record in shop.loads()] == [{"already_there": 10}]

    def test_large_batches_become_even_row_groups(self, shop):
        many = pa.concat_tables([rows("orders", *(order(f"{n}-{part}", "anna", 1) for n in range(500))) for part in range(2)] * 130)
        with shop.stage(source="csv") as load:
            for batch in many.to_batches(max_chunksize=700):
                load.add("orders", batch)
            load.commit({}, [])
        metadata = pq.read_metadata(shop.snapshot().files("orders")[0])
        assert metadata.num_rows == 130_000
        assert metadata.num_row_groups == 2


class TestTwoLoadsAtOnce:
    def test_an_import_refuses_a_second_one_and_names_itself(self, shop):
        with shop.stage(source="shopify") as first:
            with pytest.raises(WorkspaceLocked, match="the load of shopify") as refused:
                shop.stage(source="stripe", wait_seconds=0.1)
            first.add("orders", rows("orders", order("1", "anna", 1)))
            first.commit({}, [])
        assert refused.value.exit_code == 2
        assert refused.value.details["holder"]["pid"] > 0
        put(shop, orders=rows("orders", order("2", "anna", 1)))
        assert read(shop, "select count(*) from orders") == [(2,)]

    def test_appends_that_need_no_comparison_may_run_beside_it(self, shop):
        with shop.stage(source="shopify") as first, shop.stage(source="tracking", alone=False) as second:
            second.add("events", rows("events", {"name": "Signed In"}))
            second.commit({}, [])
            first.add("orders", rows("orders", order("1", "anna", 1)))
            first.commit({}, [])
        assert sorted(shop.snapshot().versions) == ["events", "orders"]

    def test_undo_and_compaction_wait_for_nobody_and_name_the_load(self, shop):
        load_id = put(shop, orders=rows("orders", order("1", "anna", 1)))
        shop.lock_wait_seconds = 0.1
        with shop.stage(source="shopify"):
            for change in (shop.compact, lambda: shop.undo(load_id), lambda: shop.erase("anna")):
                with pytest.raises(WorkspaceLocked, match="the load of shopify"):
                    change()
        assert read(shop, "select count(*) from orders") == [(1,)]


class TestSnapshot:
    def test_is_not_changed_by_a_later_load(self, shop):
        put(shop, orders=rows("orders", order("1", "anna", 1)))
        pinned = shop.snapshot()
        put(shop, orders=rows("orders", order("2", "anna", 1)))
        assert len(pinned.files("orders")) == 1
        assert pinned.version_key() != shop.snapshot().version_key() == shop.snapshot().version_key()

    def test_its_files_outlive_an_undo_and_a_compaction(self, shop):
        first = put(shop, orders=rows("orders", order("1", "anna", 1)))
        put(shop, orders=rows("orders", order("2", "anna", 1)))
        pinned = shop.snapshot()
        shop.undo(first)
        put(shop, orders=rows("orders", order("3", "anna", 1)))
        shop.compact()
        files = list(pinned.files("orders"))
        assert duckdb.sql(f"select count(*) from read_parquet({files!r})").fetchall() == [(2,)]

    def test_knows_no_files_of_a_table_without_rows(self, shop):
        assert shop.snapshot().files("orders") == ()
        assert shop.snapshot().versions == {}


class TestLog:
    def test_holds_no_value_of_any_row(self, shop):
        put(shop, orders=rows("orders", order("ORDER-SECRET", "anna@example.org", 1, account_id="ACME")))
        for path in (shop.folder / "tables").rglob("_delta_log/*.json"):
            text = path.read_text()
            assert not any(value in text for value in ("SECRET", "anna", "ACME"))
        footer = pq.read_metadata(shop.snapshot().files("orders")[0]).row_group(0)
        with_statistics = {footer.column(i).path_in_schema for i in range(footer.num_columns) if footer.column(i).statistics is not None}
        assert "occurred_at" in with_statistics
        assert not with_statistics & {"identity_id", "account_id", "order_id", "row_key", "row_hash"}

    def test_is_json_one_can_read(self, shop):
        put(shop, orders=rows("orders", order("1", "anna", 1)))
        record = json.loads(next((shop.folder / "loads").glob("*.json")).read_text())
        assert record["rows"] == {"orders": 1}


class TestLoadWithAFixedId:
    def test_is_staged_again_under_the_same_id_when_it_was_dropped_and_refused_when_it_is_there(self, shop):
        load_id = shop.new_load_id(datetime(2024, 3, 1, tzinfo=UTC))
        with shop.stage(source="tracking", load_id=load_id) as load:
            load.add("orders", rows("orders", order("1", "anna", 1000)))
        assert not shop.is_loaded(load_id)
        with shop.stage(source="tracking", load_id=load_id) as load:
            load.add("orders", rows("orders", order("1", "anna", 1000)))
            load.commit({}, [])
        assert shop.is_loaded(load_id)
        with pytest.raises(ArgumentRefused, match="in the tables already"):
            shop.stage(source="tracking", load_id=load_id)
        assert read(shop, "select count(*), min(load_id) from orders") == [(1, load_id)]
        shop.undo(load_id)
        assert shop.is_loaded(load_id)

    def test_has_a_mark_that_changes_when_it_is_undone(self, shop):
        first, second = (put(shop, orders=rows("orders", order(n, "anna", 1000))) for n in "12")
        before = shop.load_marks()
        assert set(before) == {first, second}
        shop.undo(first)
        after = shop.load_marks()
        assert [after[one] == before[one] for one in (first, second)] == [False, True]
        assert (shop.load(first).undone, shop.load(second).undone) == (True, False)

    def test_cannot_be_named_anything(self, shop):
        with pytest.raises(ArgumentRefused, match="is no load id"):
            shop.stage(source="tracking", load_id="../../etc/passwd")
        with pytest.raises(ArgumentRefused, match="is no load id"):
            shop.is_loaded("x")
        assert shop.compact() == {}


class TestLatestLoadedAt:
    def test_is_that_of_the_latest_load_that_holds_whatever_its_id_says(self, shop):
        def put_at(hour, *, source="test", load_id=None):
            with shop.stage(source=source, now=datetime(2026, 1, 5, hour, tzinfo=UTC), load_id=load_id) as load:
                load.add("orders", rows("orders", order(f"{source}{hour}", "anna", 1000)))
                load.commit({}, [])
            return load.load_id

        def latest():
            return latest_loaded_at(shop._places, leave_out="predictions")

        assert latest() is None
        put_at(6)
        early = shop.new_load_id(datetime(2026, 1, 5, 7, 59, tzinfo=UTC))
        put_at(8)
        # Its id is older than that of the load before it, as that of a load which waited for its turn.
        waited = put_at(9, load_id=early)
        put_at(10, source="predictions")
        assert latest() == datetime(2026, 1, 5, 9, tzinfo=UTC)
        shop.undo(waited)
        assert latest() == max(x.loaded_at for x in shop.loads() if not x.undone and x.source != "predictions")
        assert latest() == datetime(2026, 1, 5, 8, tzinfo=UTC)
