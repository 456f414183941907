"""A year of loading leaves no more behind than a few weeks do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from regulars.warehouse import compaction, records
from regulars_server.loading import hot, quality as noting
from regulars_server.loading.models import Batch, HotRow, KnownProperty, SeenMessage, SourceHour, TableLoad
from regulars_server.loading.public import flush, tick
from regulars_server.shared.models import DomainEvent
from regulars_server.shared.public import deliver_events, expire
from tests.regulars_server.loading.calls import NOW, send, table, track

pytestmark = pytest.mark.django_db(databases=["default", "audit"])
DAY = timedelta(days=1)


def a_day(inbox, at, name="Tea Drunk", **properties):
    """A call on this day, in the tables by its end."""
    send(inbox, track(name, f"m{at.timestamp()}", at=at.isoformat(), **properties), received_at=int(at.timestamp() * 1e6))
    tick(at)
    flush(at, force=True)


class TestExpiry:
    def test_reaches_everything_that_every_load_leaves(self, inbox):
        a_day(inbox, NOW)
        a_day(inbox, NOW + DAY)
        deliver_events(NOW + DAY)
        models = (SeenMessage, TableLoad, Batch, HotRow, SourceHour)
        assert DomainEvent.objects.filter(name="tables.loaded").count() == 2
        assert all(model.objects.count() == 2 for model in models)
        gone = expire(NOW + 200 * DAY)
        # The newest batch stays, with its load: it says where the inbox goes on.
        assert [model.objects.count() for model in models] == [0, 1, 1, 0, 0]
        assert not DomainEvent.objects.exists()
        assert gone["loading.SeenMessage"] == gone["loading.SourceHour"] == 2
        assert gone["loading.TableLoad"] == 1

    def test_of_the_hot_tail_goes_on_at_the_next_turn(self, inbox, monkeypatch):
        monkeypatch.setattr(hot, "_AT_ONCE", 2)
        for number in range(5):
            send(inbox, track("Tea Drunk", f"m{number}"))
        tick(NOW)
        flush(NOW, force=True)
        later = NOW + 3 * DAY
        assert [hot.expire(later) for _ in range(4)] == [2, 2, 1, 0]

    def test_leaves_what_is_young(self, inbox):
        a_day(inbox, NOW)
        a_day(inbox, NOW + DAY)
        expire(NOW + DAY)
        assert [model.objects.count() for model in (SeenMessage, TableLoad, Batch, HotRow, SourceHour)] == [2, 2, 2, 2, 2]

    def test_forgets_an_event_that_nobody_could_take_after_a_quarter_of_a_year(self, inbox):
        del inbox
        common = {"name": "x", "at": NOW, "due_at": NOW}
        DomainEvent.objects.create(event_id="old", parked_at=NOW - 91 * DAY, **common)
        DomainEvent.objects.create(event_id="young", parked_at=NOW - 89 * DAY, **common)
        DomainEvent.objects.create(event_id="waits", **common)
        expire(NOW)
        assert set(DomainEvent.objects.filter(name="x").values_list("event_id", flat=True)) == {"young", "waits"}


class TestProperties:
    def test_are_noted_up_to_a_number_for_each_source(self, inbox, monkeypatch):
        monkeypatch.setattr(noting, "MOST_PROPERTIES", 5)
        noting._known.clear()
        for day in range(4):
            a_day(inbox, NOW + day * DAY, **{f"id-{day}-{number}": 1 for number in range(3)})
        assert KnownProperty.objects.count() == 5

    def test_that_are_known_take_no_room_of_new_ones_after_a_start(self, inbox, monkeypatch):
        monkeypatch.setattr(noting, "MOST_PROPERTIES", 5)
        noting._known.clear()
        a_day(inbox, NOW, a=1, b=1, c=1, d=1)
        noting._known.clear()
        a_day(inbox, NOW + DAY, a=1, b=1, c=1, d=1, z=1)
        assert set(KnownProperty.objects.values_list("name", flat=True)) == {"a", "b", "c", "d", "z"}


@pytest.mark.suite
class TestAYear:
    def test_leaves_no_more_behind_than_some_weeks(self, inbox, shop, monkeypatch):
        monkeypatch.setattr(compaction, "MOST_SMALL_FILES", 6)
        monkeypatch.setattr(compaction, "SPARED_HOURS", 0)
        monkeypatch.setattr(records, "FOLD_FROM", 10)
        most = {}
        for day in range(0, 366, 6):
            at = NOW + day * DAY
            a_day(inbox, at)
            deliver_events(at)
            expire(at)
            if shop.needs_tidying(at):
                shop.tidy(at)
            counted = {model.__name__: model.objects.count() for model in (SeenMessage, TableLoad, Batch, HotRow, SourceHour, DomainEvent)}
            counted["files"] = max(len(files) for files in shop.snapshot().paths.values())
            counted["stored"] = len(list((shop.folder / "tables" / "events").glob("*.parquet")))
            counted["log"] = len(list((shop.folder / "tables" / "events" / "_delta_log").iterdir()))
            counted["records"] = len(list((shop.folder / "loads").iterdir()))
            counted["staged"] = len(list(settings.CONFIG.staged.iterdir()))
            most = {name: max(count, most.get(name, 0)) for name, count in counted.items()}
        bounds = {
            "SeenMessage": 6, "TableLoad": 2, "Batch": 2, "HotRow": 2, "SourceHour": 16, "DomainEvent": 7,
            "files": 6, "stored": 12, "log": 70, "records": 12, "staged": 0,
        }  # fmt: skip
        assert {name: count for name, count in most.items() if count > bounds[name]} == {}
        assert table("select count(*), count(distinct row_key) from events") == [(61, 61)]
        assert len(shop.loads()) == shop.load_counts().loads == 61
        assert timezone.is_aware(shop.loads()[0].loaded_at)
