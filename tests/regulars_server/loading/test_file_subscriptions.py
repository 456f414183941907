"""A subscription of a file and of calls is one: each of its changes counts once, in whatever order they arrive."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from regulars_server.intake.public import create_source
from regulars_server.loading.models import FileOrder, KnownPart
from regulars_server.loading.public import flush, tick
from tests.regulars_server.loading.calls import NOW, send, table, track

pytestmark = [pytest.mark.django_db(databases=["default", "audit"]), pytest.mark.suite]
HEADER = "subscription_id,customer_id,start_date,end_date,mrr,plan"
ROWS = "select change, mrr_before_minor, mrr_after_minor, source from subscriptions_in_force order by occurred_at, change"
MOVED = "select subscription_id, count(*) filter (change = 'start'), sum(mrr_after_minor - mrr_before_minor)::bigint from subscriptions_in_force group by 1 order by 1"


def bring(shop, tmp_path, *rows, header=HEADER) -> str:
    path = tmp_path / f"subscriptions-{len(shop.loads())}.csv"
    path.write_text("\n".join([header, *rows]))
    shop.import_file(path)
    return shop.loads()[-1].load_id


def told(what, message, at, **said):
    return track(f"Subscription {what}", message, "anna", at, subscription_id="s1", currency="EUR", **said)


def call(inbox, *calls, force=True):
    send(inbox, *calls)
    tick(NOW)
    flush(NOW, force=force)


STARTED = told("Started", "m1", "2026-01-05T14:30:00Z", mrr=20)
UPGRADED = told("Upgraded", "m2", "2026-03-05T09:00:00Z", mrr=30)
CANCELLED = told("Cancelled", "m3", "2026-09-01T08:00:00Z")


class TestASubscriptionOfAFile:
    def test_is_known_to_a_call_that_changes_it(self, shop, inbox, tmp_path):
        bring(shop, tmp_path, "s1,anna,2026-01-05,,30,pro", "s2,ben,2026-02-01,,10,free")
        flush(NOW)
        assert (FileOrder.objects.count(), KnownPart.objects.count()) == (2, 0)
        call(inbox, told("Updated", "m4", "2026-11-22T11:00:00Z", mrr=45), told("Renewed", "m5", "2026-11-22T11:30:00Z"))
        found = [("start", 0, 3000, "subscriptions"), ("upgrade", 3000, 4500, "web"), ("renew", 4500, 4500, "web")]
        assert [row for row in table(ROWS) if row[2] != 1000] == found
        assert table("select plan from subscriptions_in_force where change = 'renew'") == [("pro",)]
        assert table(MOVED) == [("s1", 1, 4500), ("s2", 1, 1000)]
        assert (FileOrder.objects.count(), KnownPart.objects.filter(thing="s2").count()) == (1, 0)

    def test_counts_each_change_once_in_any_order_of_arrival(self, shop, inbox, tmp_path):
        arrivals = (STARTED, UPGRADED, CANCELLED, "file")
        for number, order in enumerate(list(permutations(arrivals))[::3]):
            name = f"s{number:02}"
            for one in order:
                if one == "file":
                    bring(shop, tmp_path, f"{name},anna,2026-01-05,2026-09-01,30,pro")
                    flush(NOW, force=True)
                else:
                    call(
                        inbox,
                        {**one, "messageId": f"{number}-{one['messageId']}", "properties": one["properties"] | {"subscription_id": name}},
                    )
        counted = dict.fromkeys([row[0] for row in table(MOVED)])
        found = table("select subscription_id, change, source from subscriptions_in_force order by all")
        assert found == sorted((name, change, "web") for name in counted for change in ("start", "upgrade", "cancel"))
        assert len(counted) == 8

    def test_keeps_what_only_the_file_tells(self, shop, inbox, tmp_path):
        call(inbox, STARTED, UPGRADED)
        bring(shop, tmp_path, "s1,anna,2026-01-05,2026-09-01,30,pro")
        flush(NOW, force=True)
        assert table(ROWS) == [("start", 0, 2000, "web"), ("upgrade", 2000, 3000, "web"), ("cancel", 3000, 0, "subscriptions")]
        bring(shop, tmp_path, "s1,anna,2026-01-05,2026-09-02,30,pro")
        flush(NOW + timedelta(minutes=1), force=True)
        assert table(MOVED) == [("s1", 1, 0)]
        call(inbox, CANCELLED)
        assert [row[0] for row in table(ROWS)] == ["start", "upgrade", "cancel"]
        assert {row[3] for row in table(ROWS)} == {"web"}

    def test_starts_anew_after_a_cancellation(self, shop, inbox, tmp_path):
        bring(shop, tmp_path, "s1,anna,2026-01-05,2026-03-01,30,pro")
        flush(NOW)
        call(inbox, told("Started", "m7", "2026-06-01T10:00:00Z", mrr=50))
        assert [row[:3] for row in table(ROWS)] == [("start", 0, 3000), ("cancel", 3000, 0), ("start", 0, 5000)]

    def test_of_a_list_of_changes_gives_up_those_that_calls_tell_too(self, shop, inbox, tmp_path):
        header = "subscription_id,customer_id,date,change,mrr_before,mrr"
        bring(
            shop,
            tmp_path,
            "s1,anna,2026-01-05,start,0,20",
            "s1,anna,2026-03-05,upgrade,20,30",
            "s1,anna,2026-05-05,downgrade,30,25",
            header=header,
        )
        flush(NOW)
        call(inbox, UPGRADED)
        found = [("start", 0, 2000, "subscriptions"), ("upgrade", 2000, 3000, "web"), ("downgrade", 3000, 2500, "subscriptions")]
        assert table(ROWS) == found

    def test_counts_again_when_the_calls_are_undone(self, shop, inbox, tmp_path):
        bring(shop, tmp_path, "s1,anna,2026-01-05,,30,pro")
        flush(NOW)
        call(inbox, STARTED)
        assert table(ROWS) == [("start", 0, 2000, "web")]
        shop.undo(table("select load_id from subscriptions where mrr_after_minor = 2000")[0][0])
        flush(NOW + timedelta(minutes=1))
        assert table(ROWS) == [("start", 0, 3000, "subscriptions")]

    def test_with_an_id_that_no_call_can_name_is_left_alone(self, shop, inbox, tmp_path):
        bring(shop, tmp_path, f"{'x' * 700},anna,2026-01-05,,30,pro")
        flush(NOW)
        assert (FileOrder.objects.count(), table("select count(*) from subscriptions_in_force")) == (0, [(1,)])

    def test_is_known_to_every_source_that_tells_of_it_in_one_batch(self, shop, inbox, tmp_path):
        create_source(slug="app", name="App", kind="server", actor="test", now=NOW)
        bring(shop, tmp_path, "s1,anna,2026-01-05,,30,pro")
        flush(NOW)
        send(inbox, told("Updated", "m1", "2026-11-22T11:00:00Z", mrr=45))
        send(inbox, told("Updated", "m2", "2026-11-22T11:30:00Z", mrr=45), source="app")
        tick(NOW)
        assert {part.scope for part in KnownPart.objects.filter(part__startswith="start")} == {"subscriptions:web", "subscriptions:app"}
