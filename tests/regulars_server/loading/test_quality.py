"""Data quality of a source, and its tracking plan."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulars_server.loading.hot import prune
from regulars_server.loading.models import Batch, HotRow
from regulars_server.loading.public import flush, learn_plan, plan_of, quality, quarantine, save_plan, tick
from regulars_server.loading.quality import usual_silence
from regulars_server.loading.stored_calls import latest_calls
from tests.regulars_server.loading.calls import MICROS, NOW, send, table, track

pytestmark = pytest.mark.django_db(databases=["default", "audit"])
HOUR = 3_600_000_000


class TestQuality:
    def test_counts_what_is_wrong_with_the_calls_of_a_source(self, inbox):
        send(inbox, track("Tea Drunk", "m1"), track("Tea Drunk", "m1"), {"type": "track"}, received_at=MICROS)
        send(inbox, {"type": "track", "event": "Tea Drunk", "anonymousId": "7f", "sentAt": "2026-11-22T11:00:00Z"}, received_at=MICROS)
        send(inbox, track("Tea Drunk", "m2", at="2026-11-20T11:00:00Z"), received_at=MICROS)
        tick(NOW)
        (found,) = quality(NOW)
        assert (found.source, found.events, found.duplicates, found.refused) == ("web", 3, 1, 1)
        third = pytest.approx(1 / 3)
        assert (found.without_message_id, found.without_user_id, found.without_time, found.skewed) == (third, third, third, third)
        assert found.late == pytest.approx(1 / 3)
        assert found.last_received == MICROS

    def test_finds_a_source_silent_when_it_usually_is_not(self, inbox):
        for hour in range(24 * 5):
            send(inbox, track("Tea Drunk", f"m{hour}"), received_at=MICROS - (24 * 5 - hour) * HOUR)
        while tick(NOW).more:
            pass
        quiet = quality(NOW + timedelta(minutes=30))[0]
        assert (quiet.is_silent, quiet.usual_silence_seconds) == (False, 3600)
        assert quality(NOW + timedelta(hours=3))[0].is_silent

    def test_does_not_call_a_shop_silent_that_always_sleeps_at_night(self):
        spans = [(MICROS - (day * 24 - hour) * HOUR,) * 2 for day in range(6, 0, -1) for hour in range(10)]
        assert usual_silence(spans, NOW) == 15 * 3600
        assert usual_silence(spans[:20], NOW) is None

    def test_tells_of_properties_that_are_new_and_of_other_types(self, inbox):
        send(inbox, track("Tea Drunk", "m1", cups=1))
        tick(NOW)
        send(inbox, track("Tea Drunk", "m2", cups="two", pot="big"), track("Cake Eaten", "m3", pieces=1))
        later = NOW + timedelta(days=10)
        tick(later)
        (found,) = quality(later)
        assert [(one["event"], one["property"], one["type"]) for one in found.new_properties] == [
            ("Tea Drunk", "cups", "text"),
            ("Tea Drunk", "pot", "text"),
        ]


class TestAPlan:
    @pytest.mark.suite
    def test_is_learned_from_the_tables_where_the_hot_tail_is_gone(self, inbox, shop):
        page = {"context": {"page": {"path": "/"}, "campaign": {"name": "spring"}}}
        for start, drink in ((0, {"cups": 1}), (100, {"cups": 2.5, "pot": "big"})):
            calls = [track("Tea Drunk", f"m{start + n}", at=f"2026-11-{10 + n % 10}T10:00:00Z", **drink) | page for n in range(60)]
            send(inbox, *calls, track("Cake Eaten", f"c{start}", at="2025-01-01T00:00:00Z"))
            send(inbox, *({**call, "messageId": f"o-{call['messageId']}", "event": "Other"} for call in calls[:2]), source="other")
            tick(NOW)
            flush(NOW, force=True)
        whole = learn_plan("web", now=NOW)
        assert whole["events"]["Tea Drunk"]["properties"] == {"cups": {"type": "number"}, "pot": {"type": "string"}}
        assert whole["events"]["Tea Drunk"]["required"] == ["cups"]
        prune(Batch.objects.latest("id").pk)
        assert HotRow.objects.count() == 0
        assert learn_plan("web", now=NOW) == whole
        assert set(whole["events"]) == {"Tea Drunk", "Cake Eaten"}
        calls = list(latest_calls("web", limit=2, besides={"m19"}))
        assert [call.message_id for call in calls if call.name == "Tea Drunk"][:3] == ["m109", "m119", "m129"]
        assert sum(call.name == "Cake Eaten" for call in calls) == 2
        assert len(calls) == 49 + 2

    def test_is_learned_before_anything_is_stored(self, shop):
        assert learn_plan("web", now=NOW)["events"] == {}

    def test_is_learned_and_then_marks_or_keeps_out_what_departs_from_it(self, inbox):
        send(inbox, *(track("Tea Drunk", f"m{n}", cups=n) for n in range(30)))
        tick(NOW)
        schema = learn_plan("web", now=NOW)
        save_plan(source="web", schema=schema, mode="mark", actor="user 1", now=NOW)
        bad = track("Tea Drunk", "bad1", cups="many")
        send(inbox, bad, track("Tea Drunk", "good", cups=3))
        assert tick(NOW).report == {"taken": 2}
        assert [one.message_id for one in HotRow.objects.exclude(marks=None)] == ["bad1"]
        assert quality(NOW)[0].marked == 1
        save_plan(source="web", schema=schema, mode="quarantine", actor="user 1", now=NOW + timedelta(seconds=1))
        send(inbox, {**bad, "messageId": "bad2"})
        assert tick(NOW).report == {"set_aside": 1}
        assert [one.code for one in quarantine()] == ["plan.violated"]
        assert plan_of("web").mode == "quarantine"
        flush(NOW, force=True)
        assert table("select count(*) from events") == [(32,)]
