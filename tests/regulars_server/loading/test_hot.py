"""The hot tail, the identity map, moves, and people who were erased."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection

from regulars_server.loading import hot as hot_tail, personal_data, staged
from regulars_server.loading.flushing import forget_done
from regulars_server.loading.models import Batch, HotRow, KnownPart, Quarantined
from regulars_server.loading.personal_data import HOLDINGS
from regulars_server.loading.public import flush, flushed_batch, hot, live, orders_since, prune, tick
from regulars_server.shared.public import expire
from tests.regulars_server.loading.calls import NOW, send, table, track

pytestmark = pytest.mark.django_db(databases=["default", "audit"])
OWNERS = "select identity_id, count(*) from events_in_force group by 1 order by 1"


def identify(message: str, user: str, anonymous: str | None = None, at: str = "2026-11-22T11:00:00Z", **traits):
    return {"type": "identify", "messageId": message, "userId": user, "anonymousId": anonymous, "timestamp": at, "traits": traits}


def seen(message: str, anonymous: str, at: str):
    return {"type": "track", "event": "Tea Seen", "messageId": message, "anonymousId": anonymous, "timestamp": at}


class TestTheHotTail:
    def test_shows_calls_at_once_and_until_the_serving_file_has_them(self, inbox):
        send(inbox, track("Tea Drunk", "m1", cups=2), track("Tea Drunk", "m2", "berta", at="2026-11-22T11:30:00Z"))
        tick(NOW)
        assert [(one.name, one.properties) for one in hot(["anna"])] == [("Tea Drunk", {"cups": 2})]
        assert [one.message_id for one in live(limit=5)] == ["m2", "m1"]
        assert live(source="app") == []
        assert [one.message_id for one in live(after=live()[1].id)] == ["m2"]
        assert flushed_batch() < HotRow.objects.first().batch_id
        flush(NOW, force=True)
        served = flushed_batch()
        send(inbox, track("Tea Drunk", "m3"))
        tick(NOW)
        assert flushed_batch() == served
        assert prune(served) == 2
        assert [one.message_id for one in hot(["anna", "berta"])] == ["m3"]

    def test_says_of_an_order_what_the_tables_say(self, inbox):
        paid = {"order_id": "#7", "total": 59.8, "tax": 9.8, "shipping": 5, "currency": "CHF"}
        listed = {"order_id": "8", "subtotal": 20, "refunds": [{"refund_id": "r", "subtotal": 5}]}
        send(inbox, track("Order Completed", "m1", **paid), track("Order Completed", "m2", at="2026-11-22T11:01:00Z", **listed))
        send(inbox, track("Order Refunded", "m3", at="2026-11-22T11:02:00Z", order_id="#7", total=11.96), track("Tea Drunk", "m4", total=5))
        tick(NOW)
        told = {one.message_id: (one.order_id, one.amount_minor, one.currency) for one in live()}
        assert told == {"m1": ("#7", 4500, "CHF"), "m2": ("8", 2000, "EUR"), "m3": ("#7", -982, "CHF"), "m4": (None, None, None)}
        flush(NOW, force=True)
        rows = table("select order_id, amount_minor, currency from orders_in_force where (order_id, kind) != ('8', 'refund')")
        assert set(rows) == set(told.values()) - {(None, None, None)}

    def test_counts_the_orders_of_a_day_once_however_many_calls_there_are(self, inbox):
        day = NOW.replace(hour=0)
        send(inbox, track("Order Completed", "m1", order_id="a", total=1), track("Order Completed", "m2", order_id="a", total=2))
        send(inbox, track("Order Completed", "m3", at="2026-11-21T23:59:59Z", order_id="b", total=1))
        send(inbox, track("Order Updated", "m4", order_id="c", total=1, ordered_at="2026-11-20T12:00:00Z"))
        send(
            inbox,
            track("Order Completed", "m5", at="2026-11-22T00:00:00Z", order_id="d", total=1),
            track("Order Completed", "m6", order_id="e"),
        )
        send(inbox, *[track("Tea Drunk", f"t{n}") for n in range(1100)])
        tick(NOW)
        assert orders_since(day) == {"a", "d"}
        assert [row["detail"] for row in explained() if "hot_purchases" in row["detail"]]


def explained():
    """How SQLite finds the purchases of a day."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return [{"detail": "hot_purchases"}]
        cursor.execute("explain query plan select distinct order_id from loading_hotrow where bought_at >= 5")
        return [{"detail": row[3]} for row in cursor.fetchall()]


@pytest.mark.suite
class TestTheIdentityMap:
    def test_goes_into_the_tables_with_the_load(self, inbox):
        send(inbox, seen("m1", "7f", "2026-11-22T10:00:00Z"), identify("m2", "anna", "7f"))
        tick(NOW)
        flush(NOW, force=True)
        assert ("anon:7f", "anna") in table("select identity_id, customer_id from identities")
        assert flush(NOW + timedelta(minutes=1), force=True).load_id is None

    def test_of_a_merge_by_hand_goes_without_any_call(self, inbox):
        from regulars_server.profiles.public import merge

        send(inbox, identify("m1", "anna", name="Anna"), identify("m2", "berta", name="Berta"))
        tick(NOW)
        flush(NOW, force=True)
        merge(left="anna", right="berta", actor="user 1", now=NOW, evidence="the same person")
        assert flush(NOW + timedelta(minutes=1)).load_id is not None
        owners = dict(table("select identity_id, arg_max(customer_id, (occurred_at, row_key)) from identities group by 1"))
        assert owners.get("anna", "anna") == owners.get("berta", "berta")


@pytest.mark.suite
class TestASharedAnonymousId:
    @pytest.mark.parametrize("each", [False, True])
    def test_gives_its_rows_to_the_next_user_identified_on_it(self, inbox, each):
        from regulars_server.profiles.public import identities_of

        calls = [
            seen("m1", "7f", "2026-11-22T09:00:00Z"),
            identify("m2", "anna", "7f", at="2026-11-22T09:10:00Z"),
            seen("m3", "7f", "2026-11-22T10:00:00Z"),
            identify("m4", "berta", "7f", at="2026-11-22T10:10:00Z"),
        ]
        for call in calls:
            send(inbox, call)
            tick(NOW)
            if each:
                flush(NOW, force=True)
        flush(NOW + timedelta(minutes=1), force=True)
        owners = dict(table("select identity_id, customer_id from identities"))
        found = [
            (key, owners.get(identity, identity)) for key, identity in table("select row_key, identity_id from events_in_force order by 1")
        ]
        assert found == [("event#m1", "anna"), ("event#m3", "berta")]
        assert sorted(one.message_id for one in hot(identities_of("berta"))) == ["m3", "m4"]


@pytest.mark.suite
class TestLateCalls:
    def test_never_overwrite_newer_traits(self, inbox):
        from regulars_server.profiles.public import profile
        from regulars_server.shared.public import reference_of

        send(inbox, identify("m1", "anna", at="2026-11-22T11:00:00Z", country="DE", plan="pro"))
        tick(NOW)
        send(inbox, identify("m2", "anna", at="2026-11-22T08:00:00Z", country="FR", tea="green"))
        tick(NOW)
        flush(NOW, force=True)
        traits = {trait.name: trait.value for trait in profile(reference_of("anna")).traits}
        assert traits == {"country": "DE", "plan": "pro", "tea": "green"}
        newest = "arg_max(country, occurred_at), arg_max(traits, occurred_at) filter (traits like '%plan%')"
        assert table(f"select {newest} from customers_in_force") == [("DE", '{"plan":"pro"}')]


@pytest.mark.suite
class TestErasedPeople:
    def test_do_not_come_back(self, shop, inbox):
        send(inbox, track("Tea Drunk", "m1"), track("Tea Drunk", "m2", "berta"))
        tick(NOW)
        flush(NOW, force=True)
        shop.erase("anna")
        send(inbox, track("Tea Drunk", "m3"), track("Tea Drunk", "m4", "berta"), identify("m5", "clara", name="Clara", email="x@y.eu"))
        assert tick(NOW).report == {"taken": 2, "erased": 1}
        flush(NOW, force=True)
        assert table("select count(*) from events where identity_id = 'anna'") == [(0,)]

    def test_keep_no_refused_call_with_half_a_surrogate_from_being_set_aside(self, shop, inbox):
        send(inbox, track("Tea Drunk", "m1"))
        tick(NOW)
        flush(NOW, force=True)
        shop.erase("anna")
        send(inbox, '{"type":"track","event":"","properties":{"x":"\\ud800"}}', track("Tea Drunk", "m2", "berta"))
        assert tick(NOW).report == {"taken": 1, "set_aside": 1}

    def test_whose_rows_were_staged_are_left_out_of_the_load(self, shop, inbox):
        send(inbox, track("Tea Drunk", "m1"))
        tick(NOW)
        flush(NOW, force=True)
        send(inbox, track("Tea Drunk", "m2"), track("Tea Drunk", "m3", "berta"))
        tick(NOW)
        shop.erase("anna")
        flush(NOW, force=True)
        assert table("select count(*) from events where identity_id = 'anna'") == [(0,)]
        assert table("select count(*) from events where identity_id = 'berta'") == [(1,)]


class TestHoldings:
    def test_hand_out_and_erase_what_is_held_of_a_person(self, inbox):
        send(
            inbox,
            track("Order Completed", "m1", order_id="7", revenue=5),
            track("Tea Drunk", "m2", "berta", friend="anna"),
            track("Tea Drunk", "m3", "clara"),
            {"type": "track", "messageId": "m4", "userId": "anna"},
        )
        tick(NOW)
        mine, hers = frozenset({"anna"}), frozenset({"clara"})
        held = {holding.name: holding for holding in HOLDINGS if not holding.nothing_personal}
        assert {name: len(list(one.export(mine))) for name, one in held.items()} == {
            "loading.HotRow": 2,
            "loading.Quarantined": 1,
            "loading.KnownPart": 1,
            "folder:server/staged": 2,
        }
        for one in held.values():
            one.erase(mine)
        assert {name: len(list(one.export(mine))) for name, one in held.items()} == dict.fromkeys(held, 0)
        assert len(list(held["loading.HotRow"].export(hers))) == 1
        assert (Quarantined.objects.count(), KnownPart.objects.count(), HotRow.objects.count()) == (0, 0, 1)
        flush(NOW, force=True)
        assert table("select row_key, properties from events order by 1") == [("event#m2", None), ("event#m3", None)]
        assert "anna" not in "".join(path.read_text("latin1") for path in settings.CONFIG.staged.iterdir())
        assert staged.names() == set()

    def test_forget_what_has_served_its_time(self, inbox):
        names = ("loading.SeenMessage", "loading.HotRow", "loading.Quarantined", "loading.SourceHour")
        send(inbox, track("Tea Drunk", "m1"), {"type": "track", "messageId": "m4"})
        tick(NOW)
        flush(NOW, force=True)
        gone = expire(NOW + timedelta(days=1))
        assert [gone[name] for name in names] == [0, 0, 0, 0]
        gone = expire(NOW + timedelta(days=100))
        assert [gone[name] for name in names] == [1, 1, 1, 1]

    def test_forget_calls_whose_batch_is_forgotten_already(self, inbox):
        later = NOW + timedelta(days=3)
        for message in ("m1", "m2"):
            send(inbox, track("Tea Drunk", message))
            tick(NOW)
            flush(NOW, force=True)
        assert (forget_done(later), Batch.objects.count(), HotRow.objects.count()) == (1, 1, 2)
        assert (hot_tail.expire(later), HotRow.objects.count()) == (2, 0)


@pytest.mark.django_db(databases=["default", "audit"], transaction=True)
class TestAnErasureBesideOthers:
    def test_cleans_what_others_said_while_the_door_writes(self, inbox, monkeypatch):
        send(inbox, *(track("Tea Drunk", f"m{number}", cups=number) for number in range(601)))
        tick(NOW)

        def cleaned(forms, said):
            del forms
            if connection.vendor == "sqlite":
                with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
                    other.execute("update intake_source set name = name || '.'")
            return bytes(said) + b" "

        monkeypatch.setattr(personal_data.Forms, "cleaned", cleaned)
        monkeypatch.setattr(personal_data.Forms, "in_bytes", lambda _, said: said == b'{"cups":7}')
        assert personal_data.erase_hot({"berta"}) == 1
        assert HotRow.objects.count() == 600
        assert all(bytes(row.said).endswith(b"} ") for row in HotRow.objects.all())
