"""People whom only files name: merged and parted by hand, with their orders, in the library's facts as in the application."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta

import pytest

from regulars_server.loading.public import flush
from regulars_server.loading.workspace import workspace
from regulars_server.profiles.public import customer_of, merge, unmerge
from tests.regulars_server.loading.calls import NOW, send, table

pytestmark = [pytest.mark.django_db(databases=["default", "audit"]), pytest.mark.suite]
PEOPLE = [f"c{number}" for number in range(8)]


@pytest.fixture
def orders(shop, tmp_path):
    """A file of orders of eight people: customer and amount."""
    dice = random.Random(7)
    rows = [(f"o{n}", dice.choice(PEOPLE), f"2026-{1 + n % 9:02}-{1 + n % 27:02}", dice.randrange(5, 90)) for n in range(60)]
    path = tmp_path / "orders.csv"
    path.write_text("order_id,customer_id,date,amount\n" + "".join(f"{a},{b},{c},{d}\n" for a, b, c, d in rows))
    shop.import_file(path)
    flush(NOW, force=True)
    return [(who, 100 * amount) for _, who, _, amount in rows]


def told() -> dict[str, tuple[int, int]]:
    """Orders and their money by customer, as the library reckons them."""
    rows = workspace().facts(as_of=NOW + timedelta(days=1)).to_arrow().select(["customer_id", "orders", "net_minor"]).to_pylist()
    return {row["customer_id"]: (row["orders"], row["net_minor"]) for row in rows if row["orders"]}


def counted(orders, group_of) -> dict[str, tuple[int, int]]:
    """The same by hand: `group_of` says who is one with whom."""
    found = defaultdict(lambda: (0, 0))
    for who, amount in orders:
        count, money = found[group_of[who]]
        found[group_of[who]] = count + 1, money + amount
    return dict(found)


class TestMergeThenUnmerge:
    def test_gives_every_order_back(self, orders):
        alone = {one: one for one in PEOPLE}
        in_files = {one: 1000 + place for place, one in enumerate(PEOPLE)}
        assert told() == counted(orders, alone)
        merge(left="c5", right="c2", actor="user 1", now=NOW, in_files=in_files)
        merge(left="c7", right="c5", actor="user 1", now=NOW, in_files=in_files)
        merge(left="c4", right="c3", actor="user 1", now=NOW, in_files=in_files)
        flush(NOW + timedelta(minutes=1), force=True)
        assert told() == counted(orders, alone | {"c5": "c2", "c7": "c2", "c4": "c3"})
        unmerge(identity="c7", actor="user 1", now=NOW + timedelta(minutes=2))
        flush(NOW + timedelta(minutes=3), force=True)
        assert told() == counted(orders, alone | {"c5": "c2", "c4": "c3"})
        unmerge(identity="c2", actor="user 1", now=NOW + timedelta(minutes=4))
        unmerge(identity="c3", actor="user 1", now=NOW + timedelta(minutes=4))
        flush(NOW + timedelta(minutes=5), force=True)
        assert told() == counted(orders, alone)

    def test_holds_for_a_call_and_a_file_that_come_later(self, orders, inbox, shop, tmp_path):
        merge(left="c5", right="c2", actor="user 1", now=NOW, in_files={"c5": 2, "c2": 1})
        send(
            inbox,
            {"type": "identify", "userId": "c5", "messageId": "m1", "traits": {"email": "c5@x.eu"}, "timestamp": "2026-01-01T00:00:00Z"},
        )
        path = tmp_path / "more.csv"
        path.write_text("order_id,customer_id,email,date,amount\nx1,c2,two@x.eu,2026-09-01,10\nx2,c1,one@x.eu,2026-09-01,20\n")
        shop.import_file(path)
        load_all()
        assert {customer_of(one) for one in ("c2", "c5", "two@x.eu", "c5@x.eu")} == {"c5"}
        groups = {one: one for one in PEOPLE} | {"c2": "c5"}
        assert told() == counted([*orders, ("c2", 1000), ("c1", 2000)], groups)
        mapped = dict(table("select identity_id, arg_max(customer_id, (occurred_at, row_key)) from identities group by 1"))
        assert mapped.items() >= {"c2": "c5", "two@x.eu": "c5", "c5@x.eu": "c5", "one@x.eu": "c1"}.items()


def load_all():
    from regulars_server.loading.public import tick

    tick(NOW + timedelta(minutes=1))
    for minute in (2, 3):
        flush(NOW + timedelta(minutes=minute), force=True)
