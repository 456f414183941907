"""The quarantine: a bad call stops nobody, and is taken once when it is mended."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from regulars_server.loading import ticking
from regulars_server.loading.models import Batch, Quarantined
from regulars_server.loading.public import ReplayRefused, flush, quarantine, quarantine_counts, replay, tick
from tests.regulars_server.loading.calls import MICROS, NOW, send, table, track

pytestmark = pytest.mark.django_db(databases=["default", "audit"])


@pytest.fixture
def poison(monkeypatch):
    """Events called Poison make the projection fail, as a fault of ours would."""
    project = ticking.project

    def fails(located, *, currency):
        if any(one.call.name == "Poison" for one in located):
            raise ZeroDivisionError("anna@shop.eu")
        return project(located, currency=currency)

    monkeypatch.setattr(ticking, "project", fails)


class TestAPoisonEvent:
    def test_is_set_aside_and_the_rest_goes_on(self, inbox, poison):
        calls = [track("Poison" if n in {3, 11} else "Tea Drunk", f"m{n}") for n in range(16)]
        send(inbox, *calls)
        assert tick(NOW).report == {"taken": 14, "set_aside": 2}
        flush(NOW, force=True)
        assert table("select count(*), count(distinct row_key) from events") == [(14, 14)]
        found = quarantine()
        assert [(one.message_id, one.code, one.event_name) for one in found] == [
            ("m11", "loading.poison", "Poison"),
            ("m3", "loading.poison", "Poison"),
        ]
        assert "ZeroDivisionError" in found[0].explanation
        assert "anna" not in found[0].explanation

    def test_that_the_parser_dies_of_spoils_no_other_in_its_request(self, inbox, monkeypatch):
        from regulars_server.loading import judging

        read = judging.read

        def fails(body, **about):
            if b"Poison" in body:
                raise RuntimeError
            return read(body, **about)

        monkeypatch.setattr(judging, "read", fails)
        send(inbox, track("Tea Drunk", "m1"), track("Poison", "m2"), track("Tea Drunk", "m3"))
        assert tick(NOW).report == {"taken": 2, "set_aside": 1}
        assert quarantine()[0].event_name == "Poison"

    def test_that_the_parser_dies_of_hides_no_refusal_and_keeps_nobody_who_was_erased(self, inbox, monkeypatch):
        from regulars_server.loading import judging

        read, erased = judging.read, {"berta"}

        class Hashes(set):
            contains = set.__contains__

        def fails(body, **about):
            if b"Poison" in body:
                raise RuntimeError
            return read(body, **about)

        monkeypatch.setattr(judging, "read", fails)
        unnamed = {"type": "track", "userId": "anna", "messageId": "m4"}
        send(
            inbox, track("Tea Drunk", "m1"), track("Poison", "m2", "berta"), track("Poison", "m3"), unnamed, {**unnamed, "userId": "berta"}
        )
        send(inbox, track("Poison", "m5", "berta"))
        found = judging.judge(inbox.read(0, 10, 1 << 20), {}, Hashes(erased), {})
        assert [call.message_id for call in found.calls] == ["m1"]
        assert [(one.code == judging.POISON, one.event_name, b"anna" in one.raw) for one in found.aside] == [
            (True, "Poison", True),
            (False, None, True),
        ]
        assert found.erased == {"web": 3}

    def test_is_not_taken_for_one_when_the_machine_is_at_fault(self, inbox, monkeypatch):
        def full(*_: object, **__: object):
            raise OSError(28, "No space left on device")

        send(inbox, track("Tea Drunk", "m1"))
        with monkeypatch.context() as patch:
            patch.setattr(ticking.staged, "write", full)
            with pytest.raises(OSError, match="No space"):
                tick(NOW)
        assert (Batch.objects.count(), Quarantined.objects.count()) == (0, 0)
        assert tick(NOW).events == 1


class TestReplay:
    def test_takes_a_mended_call_once(self, inbox):
        call = track("Order Completed", "m1", order_id="7", revenue="a lot")
        send(inbox, call)
        tick(NOW)
        (waiting,) = quarantine()
        assert quarantine_counts() == {("web", waiting.code): 1}
        call["properties"]["revenue"] = 12
        later = NOW + timedelta(hours=1)
        assert replay([waiting.id], changed={waiting.id: json.dumps(call)}, actor="user 1", now=later) == 1
        assert replay([waiting.id], changed={waiting.id: json.dumps(call)}, actor="user 1", now=later) == 0
        assert tick(later).report["taken"] == 1
        send(inbox, call)
        assert tick(later).report == {"duplicates": 1}
        flush(later, force=True)
        assert table("select order_id, amount_minor, recorded_at = occurred_at + interval 1 hour from orders") == [("7", 1200, True)]
        assert quarantine() == []

    def test_brings_back_with_its_reason_what_still_cannot_be_taken(self, inbox):
        send(inbox, {"type": "track"})
        tick(NOW)
        assert replay(actor="user 1", source="web", now=NOW) == 1
        tick(NOW)
        assert [one.code for one in quarantine()] == ["tracking.no_event_name"]
        assert Quarantined.objects.count() == 2

    def test_keeps_the_clock_error_and_a_message_id_of_its_own(self, inbox, poison, monkeypatch):
        body = {"type": "track", "event": "Poison", "userId": "anna", "timestamp": "2026-11-22T10:59:00Z", "sentAt": "2026-11-22T11:00:00Z"}
        send(inbox, body)
        tick(NOW)
        monkeypatch.undo()
        replay(actor="user 1", now=NOW)
        replayed = tick(NOW + timedelta(minutes=5))
        assert replayed.report == {"taken": 1}
        flush(NOW, force=True)
        assert table("select epoch_us(occurred_at)::bigint - epoch_us(recorded_at)::bigint from events") == [(-60_000_000,)]
        assert table("select epoch_us(recorded_at)::bigint from events") == [(MICROS,)]

    def test_refuses_what_is_no_json_object_and_changes_nothing(self, inbox):
        send(inbox, {"type": "track"})
        tick(NOW)
        number = quarantine()[0].id
        for text in ("{", "[1]"):
            with pytest.raises(ReplayRefused):
                replay([number], changed={number: text}, actor="user 1", now=NOW)
        assert quarantine()[0].id == number
        assert inbox.backlog()[0] == 1

    @pytest.mark.suite
    def test_happens_by_itself_when_the_order_of_a_refund_is_known(self, inbox):
        send(inbox, track("Order Refunded", "m1", order_id="7", refund_id="r"))
        assert tick(NOW).report == {"set_aside": 1}
        send(inbox, track("Order Completed", "m2", order_id="7", revenue=12))
        tick(NOW)
        assert tick(NOW).report == {"taken": 1}
        flush(NOW, force=True)
        assert table("select kind, amount_minor from orders order by 1") == [("purchase", 1200), ("refund", -1200)]

    def test_happens_however_many_refunds_wait_for_orders_that_never_come(self, inbox, monkeypatch):
        from regulars_server.loading import quarantine as module

        monkeypatch.setattr(module, "_AT_ONCE", 2)
        send(inbox, *(track("Order Refunded", f"r{n}", order_id=str(n), refund_id="r") for n in range(1, 6)))
        assert tick(NOW).report == {"set_aside": 5}
        send(inbox, track("Order Completed", "m2", order_id="5", revenue=12))
        tick(NOW)
        assert tick(NOW).report == {"taken": 1}


class TestWhatWaitsAlready:
    def test_is_not_kept_twice(self, inbox):
        for _ in range(2):
            send(inbox, {"type": "track", "messageId": "m1"})
            tick(NOW)
        assert Quarantined.objects.count() == 1
