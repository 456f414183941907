"""What a file and tracking both tell of counts once, and an undone load is followed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulars_server.loading import adopting
from regulars_server.loading.models import AdoptedLoad, FileOrder, KnownPart
from regulars_server.loading.public import flush, tick, unjoined_loads
from tests.regulars_server.loading.calls import NOW, send, table, track
from tests.regulars_server.loading.test_versions import ORDERS, completed, load

pytestmark = [pytest.mark.django_db(databases=["default", "audit"]), pytest.mark.suite]

HEADER = "Name,Email,Financial Status,Paid at,Subtotal,Shipping,Taxes,Total,Currency,Created at,Lineitem quantity,Lineitem name,Lineitem price,Refunded Amount,Cancelled at"
DAY = timedelta(days=1)


def order(name: str, subtotal: float, email: str = "anna@shop.eu", refunded: float = 0.0) -> str:
    return f"{name},{email},paid,2026-11-20 10:00:00 +0000,{subtotal},0,0,{subtotal},EUR,2026-11-20 10:00:00 +0000,1,Tea,{subtotal},{refunded},"


def bring(shop, tmp_path, *orders: str, name: str = "orders.csv") -> str:
    """Import a Shopify export with these orders; the load's id."""
    path = tmp_path / name
    path.write_text("\n".join([HEADER, *orders]))
    shop.import_file(path)
    return shop.loads()[-1].load_id


class TestAFileAfterTracking:
    def test_is_the_latest_version_of_its_orders(self, shop, inbox, tmp_path):
        load(inbox, ([completed("m1", "1001"), completed("m2", "1002")], "web"))
        bring(shop, tmp_path, order("#1001", 11.0), order("#1003", 30.0))
        assert flush(NOW).load_id is not None
        assert table(ORDERS) == [("#1001", "purchase", 1100), ("#1003", "purchase", 3000), ("1002", "purchase", 1000)]
        assert table("select order_id, amount_minor from order_lines_in_force order by 1") == [
            ("#1001", 1100),
            ("#1003", 3000),
            ("1002", 1000),
        ]
        assert flush(NOW + DAY).load_id is None
        assert AdoptedLoad.objects.count() == 1

    def test_gives_its_people_to_the_profiles(self, shop, inbox, tmp_path):
        from regulars_server.profiles.public import customer_of

        path = tmp_path / "o.csv"
        path.write_text("order_id,customer_id,email,date,amount\n1,c1,anna@shop.eu,2026-11-20,10\n")
        shop.import_file(path, mapping={})
        flush(NOW, force=True)
        assert customer_of("anna@shop.eu") == customer_of("c1")

    def test_counts_a_refund_that_was_tracked_once(self, shop, inbox, tmp_path):
        load(inbox, ([completed("m1", "1001")], "web"))
        load(inbox, ([track("Order Refunded", "m2", order_id="1001", refund_id="r", total=4, at="2026-11-21T00:00:00Z")], "web"))
        bring(shop, tmp_path, order("#1001", 10.0, refunded=4.0))
        flush(NOW)
        assert table(ORDERS) == [("#1001", "purchase", 1000), ("1001", "refund", -400)]
        bring(shop, tmp_path, order("#1001", 10.0, refunded=6.0), name="later.csv")
        flush(NOW)
        assert table("select kind, sum(amount_minor)::bigint from orders_in_force group by 1 order by 1") == [
            ("purchase", 1000),
            ("refund", -600),
        ]


class TestTrackingAfterAFile:
    def test_replaces_what_the_file_said(self, shop, inbox, tmp_path):
        bring(shop, tmp_path, order("#1001", 11.0, refunded=5.0))
        flush(NOW)
        later = (shop.loads()[-1].loaded_at + DAY).isoformat()
        load(inbox, ([completed("m1", "1001", 12.0, later)], "web"))
        load(inbox, ([completed("m2", "1001", 9.0, "2026-11-20T10:00:00Z")], "web"))
        load(inbox, ([track("Order Refunded", "m3", order_id="1001", refund_id="r", total=5, at="2026-11-21T00:00:00Z")], "web"))
        assert table(ORDERS) == [("#1001", "purchase", 1200), ("#1001", "refund", -500)]


class TestAPlainList:
    """Order, customer, day, amount: what most files are; with products a row for each."""

    HEADER = "order_id,customer_id,date,amount,product"

    def bring(self, shop, tmp_path, *rows):
        path = tmp_path / "list.csv"
        path.write_text("\n".join([self.HEADER, *rows]))
        shop.import_file(path)

    def test_after_tracking_is_the_latest_version_of_its_orders(self, shop, inbox, tmp_path):
        load(inbox, ([completed("m1", "1001"), completed("m2", "1002")], "web"))
        self.bring(shop, tmp_path, "1001,c1,2026-11-20,5,Tea", "1001,c1,2026-11-20,6,Mug", "1003,c1,2026-11-20,30,Tea")
        flush(NOW)
        assert table(ORDERS) == [("1001", "purchase", 1100), ("1002", "purchase", 1000), ("1003", "purchase", 3000)]
        assert table("select order_id, sum(amount_minor)::bigint from order_lines_in_force group by 1 order by 1") == [
            ("1001", 1100), ("1002", 1000), ("1003", 3000)
        ]  # fmt: skip

    def test_is_replaced_by_what_is_tracked_later(self, shop, inbox, tmp_path):
        self.bring(shop, tmp_path, "1001,c1,2026-11-20,5,Tea", "1001,c1,2026-11-20,6,Mug", "1001,c1,2026-11-21,-5,Tea")
        flush(NOW)
        later = (shop.loads()[-1].loaded_at + DAY).isoformat()
        load(inbox, ([completed("m1", "1001", 12.0, later)], "web"))
        load(inbox, ([track("Order Refunded", "m3", order_id="1001", refund_id="r", total=5, at="2026-11-21T00:00:00Z")], "web"))
        assert table(ORDERS) == [("1001", "purchase", 1200), ("1001", "refund", -500)]
        assert table("select kind, sum(amount_minor)::bigint from order_lines_in_force group by 1 order by 1") == [
            ("purchase", 1200), ("refund", -500)
        ]  # fmt: skip


class TestAFileOfOrders:
    def test_brings_the_order_that_a_refund_waits_for(self, shop, inbox, tmp_path):
        load(inbox, ([track("Order Refunded", "m1", order_id="1001", refund_id="r")], "web"))
        assert table(ORDERS) == []
        bring(shop, tmp_path, order("#1001", 10.0))
        flush(NOW)
        assert tick(NOW).report == {"taken": 1}
        flush(NOW + DAY, force=True)
        assert table("select kind, amount_minor from orders_in_force order by 1") == [("purchase", 1000), ("refund", -1000)]

    def test_that_cannot_be_joined_stops_neither_events_nor_other_files(self, shop, inbox, tmp_path, monkeypatch, caplog):
        load(inbox, ([completed("m1", "1001"), completed("m2", "1002")], "web"))
        bad = bring(shop, tmp_path, order("#1001", 11.0))
        good = bring(shop, tmp_path, order("#1002", 12.0), name="later.csv")
        adopt = adopting._adopt_orders

        def fails(order_ids, adopted, *others):
            if adopted.load_id == bad:
                raise ValueError("anna@shop.eu")
            return adopt(order_ids, adopted, *others)

        monkeypatch.setattr(adopting, "_adopt_orders", fails)
        for number in range(3):
            load(inbox, ([track("Tea Drunk", f"t{number}")], "web"))
        assert table("select count(*) from events where name = 'Tea Drunk'") == [(3,)]
        assert AdoptedLoad.objects.get(load_id=good).is_whole
        why = unjoined_loads()
        assert set(why) == {bad}
        assert "ValueError" in why[bad]
        assert "anna" not in why[bad]
        assert len(caplog.messages) == 1
        monkeypatch.undo()
        flush(NOW + DAY)
        assert set(unjoined_loads()) == {bad}
        adopting._not_before.clear()
        flush(NOW + DAY)
        assert unjoined_loads() == {}
        assert {order_id.lstrip("#"): amount for order_id, _, amount in table(ORDERS)} == {"1001": 1100, "1002": 1200}


class TestALargeFile:
    def test_is_taken_in_turns_between_which_calls_are_loaded(self, shop, inbox, tmp_path, monkeypatch):
        monkeypatch.setattr(adopting, "_ORDERS_AT_ONCE", 2)
        monkeypatch.setattr(adopting, "_ROWS_AT_ONCE", 3)
        load(inbox, ([completed("m1", "1001"), completed("m2", "1005")], "web"))
        bring(shop, tmp_path, *(order(f"#100{n}", 10.0 + n) for n in range(1, 8)))
        later = (shop.loads()[-1].loaded_at + DAY).isoformat()
        turns = 0
        while not AdoptedLoad.objects.filter(is_whole=True).exists():
            flush(NOW, adopt_seconds=0)
            turns += 1
            if turns == 2:
                load(inbox, ([completed("m3", "1002", 2.0, later), completed("m4", "1007", 7.0, later)], "web"), adopt_seconds=0)
        assert turns >= 4
        amounts = {order_id.lstrip("#"): amount for order_id, _, amount in table(ORDERS)}
        assert amounts == {"1001": 1100, "1002": 200, "1003": 1300, "1004": 1400, "1005": 1500, "1006": 1600, "1007": 700}
        assert len(table(ORDERS)) == 7

    def test_is_begun_anew_after_a_crash_with_the_same_result(self, shop, inbox, tmp_path, monkeypatch):
        monkeypatch.setattr(adopting, "_ORDERS_AT_ONCE", 2)
        monkeypatch.setattr(adopting, "_ROWS_AT_ONCE", 3)
        load(inbox, ([completed("m1", "1001"), completed("m2", "1004")], "web"))
        bring(shop, tmp_path, *(order(f"#100{n}", 10.0 + n) for n in range(1, 6)))
        flush(NOW, adopt_seconds=0)
        flush(NOW, adopt_seconds=0)
        adopting._under_way.clear()
        adopting._seen.clear()
        later = (shop.loads()[-1].loaded_at + DAY).isoformat()
        load(inbox, ([completed("m3", "1002", 2.0, later)], "web"))
        amounts = {order_id.lstrip("#"): amount for order_id, _, amount in table(ORDERS)}
        assert amounts == {"1001": 1100, "1002": 200, "1003": 1300, "1004": 1400, "1005": 1500}
        assert len(table(ORDERS)) == 5
        assert table("select count(*) from supersessions where table_name = 'orders'") == [(3,)]

    def test_writes_little_of_each_order_that_nobody_else_tells_of(self, shop, inbox, tmp_path):
        bring(shop, tmp_path, order("#1001", 11.0), order("#1002", 12.0))
        flush(NOW)
        assert (FileOrder.objects.count(), KnownPart.objects.count()) == (2, 0)
        load(inbox, ([track("Order Refunded", "m3", order_id="1002", refund_id="r", total=5, at="2026-11-21T00:00:00Z")], "web"))
        assert (FileOrder.objects.count(), KnownPart.objects.filter(part="purchase").count()) == (1, 1)
        assert table(ORDERS) == [("#1001", "purchase", 1100), ("#1002", "purchase", 1200), ("#1002", "refund", -500)]


class TestAnUndoneLoad:
    def test_of_a_file_brings_back_what_was_tracked(self, shop, inbox, tmp_path):
        load(inbox, ([completed("m1", "1001")], "web"))
        file = bring(shop, tmp_path, order("#1001", 11.0), order("#1003", 30.0))
        flush(NOW)
        load(inbox, ([completed("m2", "1003", 29.0)], "web"))
        assert [row[2] for row in table(ORDERS)] == [1100, 3000]
        shop.undo(file)
        flush(NOW)
        assert table(ORDERS) == [("1001", "purchase", 1000), ("1003", "purchase", 2900)]
        assert table("select order_id, amount_minor from order_lines_in_force order by 1") == [("1001", 1000), ("1003", 2900)]
        assert not KnownPart.objects.filter(load_id=file).exists()

    def test_of_tracking_brings_back_the_version_before(self, shop, inbox):
        load(inbox, ([completed("m1")], "web"))
        load(inbox, ([completed("m2", total=12.0, version="2026-11-22T11:00:00Z")], "web"))
        shop.undo(table("select load_id from orders where amount_minor = 1200")[0][0])
        flush(NOW)
        assert table(ORDERS) == [("1001", "purchase", 1000)]
        load(inbox, ([completed("m3", total=13.0, version="2026-11-22T11:30:00Z")], "web"))
        assert table(ORDERS) == [("1001", "purchase", 1300)]
        send(inbox)
