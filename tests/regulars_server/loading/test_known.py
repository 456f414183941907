"""What a batch needs to know of those before it: orders, subscriptions, companies, and who is new."""

from __future__ import annotations

import json

import pytest
from django.conf import settings

from regulars.workspace import Workspace
from regulars_server.loading.models import Quarantined
from regulars_server.loading.public import flush, tick
from regulars_server.serving.public import build, close
from tests.regulars_server.loading.calls import NOW, send, table, track
from tests.regulars_server.serving.installed import add

pytestmark = pytest.mark.django_db(databases=["default", "audit"])


@pytest.fixture
def load(inbox):
    """Each batch by itself, written to the tables at once or all together."""

    def one_by_one(*batches, each=False):
        for calls in batches:
            send(inbox, *calls)
            tick(NOW)
            if each:
                flush(NOW, force=True)
        flush(NOW, force=True)
        assert not Quarantined.objects.count()

    return one_by_one


def identify(message, user="anna", at="2026-11-22T11:00:00Z", anonymous=None, campaign=None, **traits):
    context = {"campaign": campaign} if campaign else {}
    return {
        "type": "identify",
        "messageId": message,
        "userId": user,
        "anonymousId": anonymous,
        "timestamp": at,
        "traits": traits,
        "context": context,
    }


def group(message, user, company="acme", at="2026-11-22T11:00:00Z", **traits):
    return {"type": "group", "messageId": message, "userId": user, "groupId": company, "timestamp": at, "traits": traits}


SPRING = {"source": "letter", "name": "spring"}


class TestAnUpdatedOrder:
    @pytest.mark.parametrize("each", [pytest.param(False), pytest.param(True, marks=pytest.mark.suite)])
    def test_keeps_what_the_update_leaves_open_from_a_batch_before(self, load, each):
        lines = [{"product_id": "tea", "name": "Green tea", "category": "Tea", "price": 4, "quantity": 2}]
        whole = track(
            "Order Completed",
            "m1",
            order_id="7",
            subtotal=8,
            tax=1.5,
            shipping=3,
            discount=1,
            channel="web",
            campaign="spring",
            products=lines,
        )
        part = track("Order Updated", "m2", None, "2026-11-22T11:30:00Z", order_id="7", subtotal=6)
        load([whole], [part], each=each)
        kept = "identity_id, amount_minor, tax_minor, shipping_minor, discount_minor, channel, campaign"
        assert table(f"select {kept} from orders_in_force") == [("anna", 600, 150, 300, 100, "web", "spring")]
        assert table("select identity_id, product_name, category, quantity, amount_minor from order_lines_in_force") == [
            ("anna", "Green tea", "Tea", 2.0, 600)
        ]

    def test_gives_its_customer_to_a_refund_that_names_nobody(self, load):
        load([track("Order Completed", "m1", order_id="7", subtotal=8)], [track("Order Refunded", "m2", None, order_id="7", refund_id="r")])
        assert table("select identity_id, amount_minor from orders_in_force where kind = 'refund'") == [("anna", -800)]


class TestASubscription:
    CHANGES = (
        ("Started", "10:00", {"plan": "pro", "mrr": 20, "seats": 2, "currency": "USD"}),
        ("Upgraded", "10:10", {"plan": "max", "mrr": 30}),
        ("Paused", "10:20", {}),
        ("Resumed", "10:30", {}),
        ("Renewed", "10:40", {}),
        ("Cancelled", "10:50", {}),
    )
    ROWS = "select change, mrr_before_minor, mrr_after_minor, plan, seats, currency from subscriptions_in_force order by occurred_at"
    FOUND = [  # noqa: RUF012 - read only
        ("start", 0, 2000, "pro", 2, "USD"), ("upgrade", 2000, 3000, "max", 2, "USD"), ("pause", 3000, 0, "max", 2, "USD"),
        ("resume", 0, 3000, "max", 2, "USD"), ("renew", 3000, 3000, "max", 2, "USD"), ("cancel", 3000, 0, "max", 2, "USD"),
    ]  # fmt: skip

    def calls(self, **named):
        return [track(f"Subscription {what}", f"m{at}", at=f"2026-11-22T{at}:00Z", **said, **named) for what, at, said in self.CHANGES]

    @pytest.mark.parametrize("named", [{"subscription_id": "s"}, {}])
    def test_is_told_the_same_in_one_batch_and_in_many(self, load, named):
        load(*[[call] for call in self.calls(**named)])
        assert table(self.ROWS) == self.FOUND
        assert table("select distinct subscription_id from subscriptions") == [("s" if named else "anna",)]

    def test_is_told_the_same_in_one_batch(self, load):
        load(self.calls(subscription_id="s"))
        assert table(self.ROWS) == self.FOUND

    @pytest.mark.suite
    def test_is_known_after_its_start_is_in_the_tables(self, load):
        load(*[[call] for call in self.calls(subscription_id="s")], each=True)
        assert table(self.ROWS) == self.FOUND

    def test_as_a_late_call_finds_it_is_what_it_was_then(self, load):
        start, up, *_ = self.calls(subscription_id="s")
        late = track("Subscription Renewed", "late", at="2026-11-22T10:05:00Z", subscription_id="s")
        load([start], [up], [late])
        assert table("select mrr_before_minor, mrr_after_minor, plan from subscriptions_in_force where change = 'renew'") == [
            (2000, 2000, "pro")
        ]

    def test_does_not_change_when_a_change_is_told_once_more(self, load):
        start, up, *_ = self.calls(subscription_id="s")
        up["properties"]["change_id"] = "c"
        load([start], [up], [{**up, "messageId": "again"}])
        assert table("select change, mrr_before_minor, mrr_after_minor from subscriptions_in_force order by all") == [
            ("start", 0, 2000), ("upgrade", 2000, 3000)
        ]  # fmt: skip


class TestACompany:
    def members(self):
        return [json.loads(text) if text else None for (text,) in table("select members from accounts order by occurred_at, row_key")]

    def test_has_all_its_members_with_its_latest_call(self, load):
        load(
            [group("m1", "anna", name="Acme"), group("m2", "berta", at="2026-11-22T11:01:00Z")],
            [group("m3", "carl", at="2026-11-22T11:02:00Z")],
        )
        assert self.members() == [None, ["anna", "berta"], ["anna", "berta", "carl"]]

    def test_of_many_tells_its_members_only_where_somebody_joined(self, load, monkeypatch):
        monkeypatch.setattr("regulars_server.loading.whose.ALWAYS_TOLD", 1)
        load(
            [group("m1", "anna"), group("m2", "berta", at="2026-11-22T11:01:00Z")],
            [group("m3", "anna", at="2026-11-22T11:02:00Z")],
            [group("m4", "carl", at="2026-11-22T11:03:00Z")],
        )
        assert self.members() == [None, ["anna", "berta"], None, ["anna", "berta", "carl"]]


class TestACampaign:
    BROUGHT = "select identity_id, acquisition_channel, acquisition_campaign from customers order by occurred_at, row_key"

    def test_has_brought_who_was_not_known_before(self, load):
        visit = {**track("Product Viewed", "m0", None), "anonymousId": "visit"}
        load([visit], [identify("m1", anonymous="visit", campaign=SPRING, email="anna@example.com")])
        assert table(self.BROUGHT) == [("anna", "letter", "spring")]

    def test_has_not_brought_who_was(self, load):
        load(
            [identify("m1", email="anna@example.com"), identify("m2", at="2026-11-22T11:01:00Z", campaign=SPRING, name="Anna")],
            [identify("m3", at="2026-11-22T11:02:00Z", campaign=SPRING, name="Anna B", email="anna@example.com")],
            [identify("m4", "shop-7", at="2026-11-22T11:03:00Z", campaign=SPRING, email="anna@example.com")],
            [track("Signed In", "m5", "carl"), identify("m6", "carl", at="2026-11-22T11:04:00Z", campaign=SPRING, name="Carl")],
        )
        assert {row[1:] for row in table(self.BROUGHT)} == {(None, None)}

    @pytest.mark.suite
    def test_has_not_brought_whom_a_file_told_of(self, load):
        workspace = Workspace.open(settings.CONFIG.workspace)
        order = {"at": "2026-01-02", "customer": "carl", "order": "o", "amount": 100, "row_key": "o"}
        add(workspace, {"customers": [{"at": "2026-01-01", "customer": "anna", "row_key": "c"}], "orders": [order]})
        build(NOW)
        load([identify("m1", campaign=SPRING, name="Anna"), identify("m2", "berta", campaign=SPRING, name="Berta")])
        close()
        assert table(f"select * from ({self.BROUGHT}) where acquisition_campaign is not null") == [("berta", "letter", "spring")]
