"""Compaction: the same rows in fewer files, those of a customer together."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from regulars.warehouse import compaction
from regulars.workspace import Workspace
from tests.regulars.warehouse.rows import order, put, read, rows

ALL = "select * from orders order by row_key"


@pytest.fixture
def shop(tmp_path):
    shop = Workspace.create(tmp_path / "shop", name="Shop", currency="EUR")
    for part in range(6):
        put(shop, orders=rows("orders", *(order(f"{part}-{n}", f"c{n % 7}" if n % 7 else None, n) for n in range(40))))
    return shop


class TestCompact:
    def test_keeps_every_row(self, shop):
        before = read(shop, ALL)
        assert len(shop.snapshot().files("orders")) == 6
        assert shop.compact() == {"orders": 1}
        assert read(shop, ALL) == before
        assert len(before) == 240

    def test_puts_the_rows_of_a_customer_together_in_time(self, shop):
        shop.compact()
        (path,) = shop.snapshot().files("orders")
        identities = pq.read_table(path)["identity_id"].to_pylist()
        assert identities == sorted(identities, key=lambda identity: (identity is None, identity))

    def test_divides_large_tables_into_buckets_by_customer(self, shop, monkeypatch):
        monkeypatch.setattr(compaction, "_BUCKET_ROWS", 50)
        before = read(shop, ALL)
        shop.compact()
        files = shop.snapshot().files("orders")
        assert 1 < len(files) <= 5
        homes = [set(pq.read_table(path)["identity_id"].drop_null().to_pylist()) for path in files]
        assert sum(len(home) for home in homes) == len(set().union(*homes)) == 6
        assert read(shop, ALL) == before

    def test_does_nothing_a_second_time(self, shop):
        shop.compact()
        files = shop.snapshot().files("orders")
        shop.compact()
        assert shop.snapshot().files("orders") == files

    def test_goes_on_after_new_loads(self, shop):
        shop.compact()
        put(shop, orders=rows("orders", order("new", "c1", 5)))
        assert shop.compact() == {"orders": 1}
        assert len(read(shop, ALL)) == 241
