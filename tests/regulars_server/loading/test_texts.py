"""What a database refuses in a text, and what others do in the same batch: the batch is taken, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from django.db import connection

from regulars_server.intake.public import InboxRow, create_source
from regulars_server.loading.models import HotRow, KnownProperty, Quarantined
from regulars_server.loading.public import flush, quarantine, tick
from regulars_server.profiles.models import Identity, Trait
from tests.regulars_server.loading.calls import MICROS, NOW, send, table, track

pytestmark = pytest.mark.django_db(databases=["default", "audit"])

NUL, HALF, WRITTEN = "\0", "\ud800", "\\u0000"
"""A character that PostgreSQL stores nowhere, half of one that no UTF-8 knows, and the harmless text that stands for the first one in JSON."""


def odd_calls(odd: str) -> list[dict[str, Any]]:
    """The odd text at each place of a call where a sender may put a text, a call for each."""
    at = "2026-11-22T11:00:00Z"
    order = {
        "order_id": f"o{odd}1",
        "revenue": 12,
        "currency": "EUR",
        "coupon": f"c{odd}",
        "products": [{"product_id": f"p{odd}", "price": 12}],
    }
    about = {"timestamp": at, "userId": "anna"}
    return [
        track(f"Tea{odd} Drunk", "event"),
        track("Tea Drunk", f"id{odd}"),
        track("Tea Drunk", "user", user=f"an{odd}na"),
        track("Tea Drunk", "value", colour=f"gr{odd}een", deep={"list": [f"{odd}x", {"y": odd}]}),
        track("Tea Drunk", "key", **{f"col{odd}our": 1}),
        track("Order Completed", "order", **order),
        track("Order Refunded", "refund", order_id=f"o{odd}1", refund_id=f"r{odd}", total=2, currency="EUR"),
        {"type": "track", "event": "Tea Drunk", "messageId": "anonymous", "anonymousId": f"a{odd}1", "timestamp": at, "properties": {}},
        {"type": "identify", "messageId": "traits", "traits": {"name": f"An{odd}na", f"k{odd}": odd, "email": f"a{odd}@shop.eu"}, **about},
        {"type": "group", "messageId": "group", "groupId": f"acme{odd}", "traits": {"name": f"Acme{odd}"}, **about},
        {"type": "alias", "messageId": "alias", "previousId": f"old{odd}", **about},
        {**track("Tea Drunk", "both", user=f"u{odd}"), "anonymousId": f"{odd}a"},
        {"type": "group", "messageId": "member", "userId": f"{odd}u", "groupId": f"{odd}g", "traits": {}, "timestamp": at},
        {"type": "page", "messageId": "page", "name": f"Ho{odd}me", "properties": {"url": f"https://x.eu/{odd}"}, **about},
        {**track("Tea Drunk", "context"), "context": {"ip": odd, "locale": f"de{odd}", "campaign": {"name": f"c{odd}"}}},
    ]


def long_text(length: int) -> str:
    """Characters of four bytes each, at random, or the database would store them shortened."""
    chance = random.Random(length)
    return "".join(chr(chance.randrange(0x20000, 0x2A000)) for _ in range(length))


def everything() -> str:
    """All texts that were stored, of which none may hold what the other database would refuse."""
    models = [HotRow, KnownProperty, Identity, Trait, Quarantined]
    return repr([row for model in models for row in model.objects.values_list()])


class TestAnOddText:
    @pytest.mark.parametrize("odd", [NUL, HALF, WRITTEN], ids=["nul", "half a character", "escaped"])
    def test_spoils_no_batch_wherever_it_stands(self, inbox, odd):
        calls = odd_calls(odd)
        send(inbox, track("Tea Drunk", "before"), *calls, track("Tea Drunk", "after"))
        report = tick(NOW).report
        assert quarantine() == []
        assert report == {"taken": len(calls) + 2}
        flush(NOW, force=True)
        assert table("select count(*) from orders_in_force where amount_minor > 0") == [(1,)]
        assert table("select count(*) from events where row_key like 'event#%' and strpos(row_key, chr(0)) > 0") == [(0,)]
        assert "\\x00" not in everything()
        assert "\\ud800" not in everything()

    @pytest.mark.parametrize("length", [495, 5000])
    def test_that_is_long_spoils_no_batch(self, inbox, length):
        calls = odd_calls(long_text(length))
        send(inbox, track("Tea Drunk", "before"), *[json.dumps(call, ensure_ascii=False) for call in calls], track("Tea Drunk", "after"))
        report = tick(NOW).report
        assert report["taken"] + report.get("set_aside", 0) == len(calls) + 2
        assert {one.code for one in quarantine(limit=100) if not one.code.startswith("tracking.")} == set()
        flush(NOW, force=True)
        assert table("select count(*) from events where row_key in ('event#before', 'event#after')") == [(2,)]

    def test_that_no_page_of_an_index_has_room_for_spoils_no_batch(self, inbox):
        """PostgreSQL has room for 2704 bytes; there the two calls are set aside."""
        user, message, anonymous, group = (long_text(length) for length in (240, 500, 230, 505))
        at = {"userId": user, "timestamp": "2026-11-22T11:00:00Z"}
        calls = [
            {"type": "identify", "messageId": message, "anonymousId": anonymous, **at},
            {"type": "group", "messageId": "member", "groupId": group, **at},
        ]
        send(inbox, track("Tea Drunk", "before"), *[json.dumps(call, ensure_ascii=False) for call in calls], track("Tea Drunk", "after"))
        aside = {"set_aside": 2} if connection.vendor == "postgresql" else {}
        assert tick(NOW).report == {"taken": 4 - len(quarantine()), **aside}
        assert {one.code for one in quarantine()} == ({"loading.poison"} if aside else set())

    @pytest.mark.parametrize("odd", [NUL, HALF], ids=["nul", "half a character"])
    def test_in_what_is_refused_reaches_the_quarantine(self, inbox, odd):
        send(
            inbox, {**track("Order Completed", f"m{odd}", order_id=f"7{odd}", revenue=f"a{odd} lot")}, {"type": f"x{odd}", "messageId": odd}
        )
        send(inbox, json.dumps(track("Tea Drunk", "large", pad=odd + "x" * 40_000)), {"type": "track", "event": odd, "userId": odd})
        report = tick(NOW).report
        assert sum(report.values()) == 4
        assert report["set_aside"] == len(quarantine()) >= 3
        assert all(one.code.startswith("tracking.") for one in quarantine())

    def test_of_a_shop_spoils_no_webhook(self, inbox):
        create_source(slug="shop", name="Shop", kind="shopify", signing_secret="secret", actor="test", now=NOW, shop="x.myshopify.com")
        order = {"id": 7, "name": "#7\0", "created_at": "2026-11-22T11:00:00Z", "currency": "EUR", "total_price": "12.00", "note": "\0"}
        order |= {
            "customer": {"id": 5, "first_name": "An\0na", "email": "an\0na@shop.eu"},
            "line_items": [{"title": "T\0", "price": "12.00"}],
        }
        inbox.append([InboxRow(0, MICROS, "shop", "shopify", json.dumps(order).encode(), {"topic": "orders/create"})])
        send(inbox, track("Tea Drunk", "after"))
        assert "set_aside" not in tick(NOW).report
        flush(NOW, force=True)
        assert table("select count(*) from orders") == [(1,)]


class TestAnOddNumber:
    ODD = (
        "1e400",
        "-1e308",
        "123456789012345678901234567890",
        "9223372036854775808",
        "-0.0",
        "NaN",
        "1e-400",
        '"0001-01-01T00:00:00Z"',
        '"9999-12-31T23:59:59.999999-12:00"',
    )

    def test_spoils_no_batch_wherever_it_stands(self, inbox):
        at = {
            "value": track("Tea Drunk", "", sips="ODD"),
            "user": track("Tea Drunk", "", user="ODD"),
            "order": track(
                "Order Completed", "", order_id="ODD", revenue="ODD", updated_at="ODD", products=[{"quantity": "ODD", "price": "ODD"}]
            ),
            "time": track("Tea Drunk", "", at="ODD"),
            "sent": {"type": "track", "event": "Tea Drunk", "userId": "u", "sentAt": "ODD", "originalTimestamp": "ODD"},
            "traits": {"type": "identify", "userId": "u", "traits": {"age": "ODD", "createdAt": "ODD", "phone": "ODD"}},
            "group": {"type": "group", "userId": "u", "groupId": "ODD", "traits": {"employees": "ODD"}},
        }
        calls = [
            json.dumps(call | {"messageId": f"{place} {odd}!"}).replace('"ODD"', odd) for odd in self.ODD for place, call in at.items()
        ]
        send(inbox, track("Tea Drunk", "before"), *calls, track("Tea Drunk", "after"))
        report = tick(NOW).report
        assert report["taken"] + report["set_aside"] == len(calls) + 2
        assert {one.code for one in quarantine(limit=100) if not one.code.startswith("tracking.")} == set()
        assert report["taken"] >= 5 * len(self.ODD)
        flush(NOW, force=True)
        assert table("select count(*) from events where row_key in ('event#before', 'event#after')") == [(2,)]
