"""From the inbox into the tables."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from django.db import OperationalError

from regulars_server.loading import staged, ticking
from regulars_server.loading.models import Batch, HotRow, Quarantined, SeenMessage
from regulars_server.loading.public import flush, recover, tick
from regulars_server.shared.public import write_tx
from tests.regulars_server.loading.calls import NOW, send, table, track

pytestmark = pytest.mark.django_db(databases=["default", "audit"])


class TestTick:
    def test_records_a_batch_and_a_flush_brings_it_into_the_tables(self, inbox):
        send(inbox, track("Tea Drunk", "m1"), track("Tea Drunk", "m2", "berta", cups=2))
        ticked = tick(NOW)
        assert [q.explanation for q in Quarantined.objects.all()] == []
        assert (ticked.rows, ticked.events, ticked.report) == (1, 2, {"taken": 2})
        assert table("select * from events") == []
        assert HotRow.objects.count() == 2
        flushed = flush(NOW, force=True)
        assert flushed.rows["events"] == 2
        assert table("select row_key, name, identity_id, properties, load_id from events order by 1") == [
            ("event#m1", "Tea Drunk", "anna", None, flushed.load_id),
            ("event#m2", "Tea Drunk", "berta", '{"cups":2}', flushed.load_id),
        ]
        assert inbox.backlog() == (0, None)
        assert staged.names() == set()
        assert tick(NOW).batch is None
        assert flush(NOW, force=True).load_id is None

    def test_takes_a_message_id_once_per_source(self, inbox):
        send(inbox, track("Tea Drunk", "m1"), track("Tea Drunk", "m1"))
        send(inbox, track("Tea Drunk", "m1"), source="app")
        assert tick(NOW).report == {"taken": 2, "duplicates": 1}
        send(inbox, track("Tea Drunk", "m1"))
        assert tick(NOW).report == {"duplicates": 1}
        flush(NOW, force=True)
        assert table("select source, count(*) from events group by 1 order by 1") == [("app", 1), ("web", 1)]
        assert SeenMessage.objects.count() == 2

    def test_sets_aside_what_cannot_be_taken_and_takes_the_rest(self, inbox):
        send(inbox, track("Tea Drunk", "m1"), {"type": "track", "messageId": "m2"}, "[1]", track("Order Completed", "m3", order_id="7"))
        assert tick(NOW).report == {"taken": 1, "set_aside": 3}
        assert sorted(Quarantined.objects.values_list("code", flat=True)) == [
            "tracking.no_amount",
            "tracking.no_event_name",
            "tracking.not_an_object",
        ]
        flush(NOW, force=True)
        assert table("select row_key from events") == [("event#m1",)]
        assert HotRow.objects.count() == 1

    def test_loses_nothing_when_the_answer_to_its_commit_is_lost(self, inbox, monkeypatch):
        @contextlib.contextmanager
        def committed_but_unheard():
            with write_tx():
                yield
            raise OperationalError("server closed the connection unexpectedly")

        send(inbox, track("Tea Drunk", "m1"))
        with monkeypatch.context() as patch:
            patch.setattr(ticking, "write_tx", committed_but_unheard)
            with pytest.raises(OperationalError):
                tick(NOW)
        assert tick(NOW).batch is None
        recover(NOW)
        flush(NOW, force=True)
        assert table("select row_key from events") == [("event#m1",)]

    def test_leaves_nothing_of_a_batch_that_was_not_recorded(self, inbox, monkeypatch):
        def dies(step):
            if step == "tick.written":
                raise OSError("the disk is full")

        send(inbox, track("Tea Drunk", "m1"))
        with monkeypatch.context() as patch:
            patch.setattr(ticking, "reached", dies)
            with pytest.raises(OSError, match="full"):
                tick(NOW)
        assert staged.names() == set()
        tick(NOW)
        flush(NOW, force=True)
        assert table("select row_key from events") == [("event#m1",)]

    def test_waits_with_the_tables_until_a_flush_is_due(self, inbox):
        send(inbox, track("Tea Drunk", "m1"))
        tick(NOW)
        assert flush(NOW + timedelta(seconds=5)).load_id is None
        assert inbox.backlog()[0] == 1
        assert flush(NOW + timedelta(seconds=9)).load_id is not None
        assert Batch.objects.get().is_done
