"""From the inbox into the tables."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulars_server.loading import staged
from regulars_server.loading.models import Batch, HotRow, Quarantined, SeenMessage
from regulars_server.loading.public import flush, tick
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

    def test_waits_with_the_tables_until_a_flush_is_due(self, inbox):
        send(inbox, track("Tea Drunk", "m1"))
        tick(NOW)
        assert flush(NOW + timedelta(seconds=5)).load_id is None
        assert inbox.backlog()[0] == 1
        assert flush(NOW + timedelta(seconds=9)).load_id is not None
        assert Batch.objects.get().is_done
