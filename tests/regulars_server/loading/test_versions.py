"""An order counts once, whoever tells of it and in whatever order."""

from __future__ import annotations

from itertools import permutations

import pytest

from regulars_server.loading.models import KnownPart, Quarantined
from regulars_server.loading.public import flush, tick
from tests.regulars_server.loading.calls import NOW, send, table, track

pytestmark = pytest.mark.django_db(databases=["default", "audit"])
ORDERS = "select order_id, kind, amount_minor from orders_in_force order by all"


def completed(message: str, order: str = "1001", total: float = 10.0, version: str = "2026-11-22T10:00:00Z", **more):
    products = [{"product_id": "tea", "price": total / 2, "quantity": 2}]
    return track("Order Completed", message, order_id=order, revenue=total, updated_at=version, products=products, **more)


def load(inbox, *batches, each=False, adopt_seconds=None):
    for calls, source in batches:
        send(inbox, *calls, source=source)
        tick(NOW)
        if each:
            flush(NOW, force=True)
    flush(NOW, force=True, adopt_seconds=adopt_seconds)


class TestAnOrder:
    @pytest.mark.suite
    @pytest.mark.parametrize("each", [False, True])
    def test_is_its_latest_version_in_any_order_of_arrival(self, inbox, each):
        versions = [completed(f"m{n}", total=10.0 + n, version=f"2026-11-22T10:0{n}:00Z") for n in range(3)]
        for number, arrival in enumerate(permutations(versions)):
            again = [{**call, "messageId": f"{number}-{call['messageId']}"} for call in arrival]
            for call in again:
                call["properties"] = {**call["properties"], "order_id": f"order-{number}"}
            load(inbox, *[([call], "web") for call in again], each=each)
        assert table(ORDERS) == [(f"order-{n}", "purchase", 1200) for n in range(6)]
        assert table("select count(*), sum(amount_minor)::bigint from order_lines_in_force") == [(6, 7200)]

    @pytest.mark.suite
    def test_is_one_with_and_without_its_sign_and_from_several_sources(self, inbox):
        load(inbox, ([completed("m1", "#1001")], "web"), ([completed("m2", "1001", 12.0, "2026-11-22T11:00:00Z")], "app"), each=True)
        load(inbox, ([completed("m3", "1001 ", 13.0, "2026-11-22T12:00:00Z")], "web"), each=True)
        assert table(ORDERS) == [("#1001", "purchase", 1300)]
        assert table("select order_id, amount_minor from order_lines_in_force") == [("#1001", 1300)]
        assert table("select count(*) from orders") == [(3,)]

    def test_says_nothing_new_when_it_is_told_again_the_same(self, inbox):
        load(inbox, ([completed("m1"), completed("m2")], "web"), ([completed("m3", version="2026-11-22T10:30:00Z")], "web"), each=True)
        assert table("select count(*) from orders") == [(1,)]
        assert KnownPart.objects.count() == 1
        load(inbox, ([completed("m4", total=9.0, version="2026-11-22T10:15:00Z")], "web"))
        assert table(ORDERS) == [("1001", "purchase", 1000)]

    @pytest.mark.suite
    def test_of_another_shop_is_another_order(self, inbox):
        from regulars_server.intake.public import create_source

        create_source(slug="other", name="Other", kind="server", shop="b", actor="test", now=NOW)
        load(inbox, ([completed("m1")], "web"), ([completed("m2", total=20.0)], "other"))
        assert table(ORDERS) == [("1001", "purchase", 1000), ("1001", "purchase", 2000)]


@pytest.mark.suite
class TestARefund:
    def test_takes_its_value_from_the_order_that_another_batch_brought(self, inbox):
        load(inbox, ([completed("m1", "#1001")], "web"), each=True)
        load(inbox, ([track("Order Refunded", "m2", order_id="1001", refund_id="r1", total=4)], "app"))
        load(inbox, ([track("Order Cancelled", "m3", order_id="1001")], "web"))
        assert table(ORDERS) == [("#1001", "cancellation", -600), ("#1001", "purchase", 1000), ("#1001", "refund", -400)]

    def test_counts_once_by_its_id_and_by_order_amount_and_instant(self, inbox):
        load(inbox, ([completed("m1")], "web"))
        refund = {"order_id": "1001", "total": 4}
        load(inbox, ([track("Order Refunded", "m2", refund_id="r1", **refund)], "web"), each=True)
        load(inbox, ([track("Order Refunded", "m3", refund_id="r1", **refund)], "app"), each=True)
        load(inbox, ([track("Order Refunded", "m4", refund_id="other", **refund)], "app"), each=True)
        load(inbox, ([track("Order Refunded", "m5", at="2026-11-22T11:30:00Z", refund_id="r2", **refund)], "app"), each=True)
        assert table(ORDERS) == [("1001", "purchase", 1000), ("1001", "refund", -400), ("1001", "refund", -400)]

    def test_waits_in_quarantine_for_an_order_that_is_not_known(self, inbox):
        load(inbox, ([track("Order Refunded", "m2", order_id="1001")], "web"))
        assert Quarantined.objects.get().code == "tracking.order_unknown"


@pytest.mark.suite
class TestAnOrderWithTwoIds:
    def test_is_one_order_whichever_id_a_source_knows(self, inbox):
        load(inbox, ([completed("m1", "#1001", shopify_order_id="450789469")], "web"), each=True)
        load(inbox, ([completed("m2", "450789469", 12.0, "2026-11-22T11:00:00Z")], "app"), each=True)
        load(inbox, ([track("Order Refunded", "m3", order_id="450789469", refund_id="r", total=2)], "app"))
        assert table(ORDERS) == [("#1001", "purchase", 1200), ("#1001", "refund", -200)]

    @pytest.mark.parametrize("each", [False, True])
    def test_is_one_order_also_when_its_other_id_is_learned_later(self, inbox, each):
        first, second = completed("m1", "450789469"), completed("m2", "1001", 12.0, "2026-11-22T11:00:00Z")
        third = completed("m3", "#1001", 13.0, "2026-11-22T12:00:00Z", shopify_order_id="450789469")
        load(inbox, ([first], "app"), ([second], "web"), ([third], "web"), each=each)
        assert [row[1:] for row in table(ORDERS)] == [("purchase", 1300)]
