"""Undoing a load."""

from __future__ import annotations

import pyarrow as pa
import pytest

from regulars.errors import LoadUnknown, UndoRefused
from regulars.workspace import Workspace
from tests.regulars.warehouse.rows import order, put, read, rows

IN_FORCE = """
    select order_id, amount_minor from orders where (source, row_key, load_id) not in
    (select (superseded_source, superseded_key, superseded_load_id) from supersessions where table_name = 'orders') order by all
"""


def replacing(load_id, *keys):
    return rows(
        "supersessions",
        *({"table_name": "orders", "superseded_source": "csv", "superseded_key": key, "superseded_load_id": load_id} for key in keys),
    )


@pytest.fixture
def shop(tmp_path):
    return Workspace.create(tmp_path / "shop", name="Shop", currency="EUR")


class TestUndo:
    def test_takes_the_rows_of_one_load_out_of_every_table(self, shop):
        first = put(shop, orders=rows("orders", order("1", "anna", 700)))
        second = put(shop, orders=rows("orders", order("2", "berta", 300)), order_lines=rows("order_lines", {"order_id": "2"}))
        undone = shop.undo(second)
        assert undone.undone
        assert undone.undone_at is not None
        assert read(shop, "select order_id, load_id from orders") == [("1", first)]
        assert read(shop, "select count(*) from order_lines") == [(0,)]
        assert [record.undone for record in shop.loads()] == [False, True]

    def test_brings_replaced_rows_back(self, shop):
        first = put(shop, orders=rows("orders", order("1", "anna", 700)))
        second = put(shop, orders=rows("orders", order("1", "anna", 650)), supersessions=replacing(first, "1:purchase"))
        assert read(shop, IN_FORCE) == [("1", 650)]
        shop.undo(second)
        assert read(shop, IN_FORCE) == [("1", 700)]

    def test_is_refused_when_a_later_load_built_upon_it(self, shop):
        first = put(shop, orders=rows("orders", order("1", "anna", 700)))
        second = put(shop, orders=rows("orders", order("1", "anna", 650)), supersessions=replacing(first, "1:purchase"))
        third = put(shop, orders=rows("orders", order("1", "anna", 600)), supersessions=replacing(second, "1:purchase"))
        with pytest.raises(UndoRefused, match=third):
            shop.undo(second)
        assert read(shop, IN_FORCE) == [("1", 600)]
        shop.undo(third)
        shop.undo(second)
        assert read(shop, IN_FORCE) == [("1", 700)]

    def test_works_after_compaction_has_mixed_the_loads(self, shop):
        put(shop, orders=rows("orders", order("1", "anna", 700)))
        second = put(shop, orders=rows("orders", order("2", "berta", 300)))
        shop.compact()
        shop.undo(second)
        assert read(shop, IN_FORCE) == [("1", 700)]

    def test_removes_quarantine_and_cache(self, shop):
        with shop.stage(source="csv") as load:
            load.quarantine(pa.table({"file": ["a.csv"], "row_number": [7], "reason": ["bad_date"], "explanation": ["e"], "raw": ["{}"]}))
            load.commit({}, [])
        (shop.folder / "cache" / "answers").mkdir()
        (shop.folder / "cache" / "answers" / "one.parquet").write_bytes(b"x")
        shop.undo(load.load_id)
        assert list((shop.folder / "quarantine").iterdir()) == []
        assert list((shop.folder / "cache").iterdir()) == []

    def test_refuses_an_unknown_load_and_one_undone_before(self, shop):
        first = put(shop, orders=rows("orders", order("1", "anna", 700)))
        with pytest.raises(LoadUnknown, match="no load 'nonsense'") as refused:
            shop.undo("nonsense")
        assert first in refused.value.expected
        shop.undo(first)
        with pytest.raises(LoadUnknown, match="undone already"):
            shop.undo(first)

    def test_the_same_rows_can_be_loaded_again(self, shop):
        for _ in range(2):
            load_id = put(shop, orders=rows("orders", order("1", "anna", 700)))
            assert read(shop, IN_FORCE) == [("1", 700)]
            shop.undo(load_id)
            assert read(shop, IN_FORCE) == []
