"""A customer's timeline: what a scan of the tables finds, in its order, page by page."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from regulars_server.serving.building import build_here
from regulars_server.serving.hidden import hide
from regulars_server.serving.public import first_at, timeline
from regulars_server.serving.timeline_rows import TELLINGS
from tests.regulars_server.serving.conftest import NOW
from tests.regulars_server.serving.installed import install
from tests.regulars_server.serving.test_building import stored

pytestmark = pytest.mark.suite


def scanned(workspace, identities):
    """(instant, table, row) of everything that these identities did, the latest first."""
    found = []
    for telling in TELLINGS:
        own = [row for row in stored(workspace, telling.table) if row["identity_id"] in identities]
        found += [(row["occurred_at"].replace(tzinfo=UTC), telling.table, row["row_key"], row.get("amount_minor")) for row in own]
    return sorted(found)


def told(entries):
    return sorted((entry.occurred_at, entry.table, entry.row_key, entry.amount_minor) for entry in entries)


class TestTimeline:
    def test_is_what_a_scan_of_the_tables_finds(self, workspace, built) -> None:
        for who in range(40):
            ids = {f"c{who:03}", f"anon:{who}"}
            entries = timeline(ids, limit=500)
            assert told(entries) == scanned(workspace, ids)
            assert [e.occurred_at for e in entries] == sorted((e.occurred_at for e in entries), reverse=True)

    def test_is_the_same_when_it_was_sorted_in_parts(self, unbuilt, monkeypatch) -> None:
        monkeypatch.setattr("regulars_server.serving.timeline_rows.SORTED_AT_ONCE", 30)
        build_here(unbuilt, NOW)
        for who in range(40):
            ids = {f"c{who:03}", f"anon:{who}"}
            entries = timeline(ids, limit=500)
            assert told(entries) == scanned(unbuilt, ids)
            assert [e.occurred_at for e in entries] == sorted((e.occurred_at for e in entries), reverse=True)

    def test_of_people_who_were_merged_since_the_build_is_that_of_all(self, workspace, built) -> None:
        ids = {"c001", "anon:1", "c002", "anon:2", "c030", "never seen"}
        assert told(timeline(ids, limit=500)) == scanned(workspace, ids)

    def test_of_one_identity_is_its_own_only(self, workspace, built) -> None:
        assert told(timeline(["anon:1"], limit=500)) == scanned(workspace, {"anon:1"})

    def test_comes_page_by_page_without_a_gap(self, workspace, built) -> None:
        ids = {f"c{who:03}" for who in range(12)} | {f"anon:{who}" for who in range(12)}
        whole, paged, cursor = timeline(ids, limit=500), [], None
        while page := timeline(ids, before=cursor, limit=7):
            paged += page
            cursor = page[-1].cursor
        assert paged == whole
        assert len(whole) > 50

    def test_of_some_tables_is_what_it_has_of_them(self, built) -> None:
        ids, wanted = {f"c{who:03}" for who in range(12)}, ("orders", "points")
        whole = [entry for entry in timeline(ids, limit=500) if entry.table in wanted]
        assert timeline(ids, limit=500, tables=wanted) == whole
        assert timeline(ids, whole[3].cursor, 500, tables=wanted) == whole[4:]

    def test_before_an_instant_has_nothing_from_it_on(self, built) -> None:
        border = datetime(2026, 3, 1, tzinfo=UTC)
        entries = timeline({f"c{who:03}" for who in range(40)}, before=border, limit=500)
        assert entries
        assert all(entry.occurred_at < border for entry in entries)

    @pytest.mark.parametrize("cursor", ["", "x", "1.x", "'; drop table timeline", "1.2.3"])
    def test_a_cursor_that_is_none_is_the_beginning(self, built, cursor) -> None:
        assert timeline(["c001"], before=cursor, limit=2) == timeline(["c001"], limit=2)

    def test_begins_at_the_first_instant_that_it_says(self, workspace, built) -> None:
        for who in range(40):
            for identity in (f"c{who:03}", f"anon:{who}"):
                assert first_at(identity) == min((row[0] for row in scanned(workspace, {identity})), default=None)
        assert first_at("never seen") is None
        hide(["c001"])
        assert first_at("c001") is None

    def test_begins_where_it_does_however_long_it_is(self, settings, tmp_path) -> None:
        views = [
            {"at": f"2026-01-01T00:{n // 60:02}:{n % 60:02}", "customer": "anna", "name": "Viewed", "row_key": f"v{n}"} for n in range(1200)
        ]
        shop = install(settings, tmp_path, tables={"events": views})
        build_here(shop, NOW)
        assert first_at("anna") == datetime(2026, 1, 1, tzinfo=UTC)

    def test_of_nobody_is_empty(self, built) -> None:
        assert timeline([]) == timeline(["who?"]) == []

    def test_without_a_file_is_empty(self, unbuilt) -> None:
        assert timeline(["c001"]) == []

    def test_holds_no_long_properties(self, settings, tmp_path) -> None:
        events = [
            {"at": "2026-03-01", "customer": "ann", "name": "Long", "properties": json.dumps({"a": "x" * 5000}), "row_key": "1"},
            {"at": "2026-03-02", "customer": "ann", "name": "Short", "properties": '{"a": {"b": [1, null]}}', "row_key": "2"},
            {"at": "2026-03-03", "customer": "ann", "name": "Broken", "properties": "{not json", "row_key": "3"},
        ]
        build_here(install(settings, tmp_path, tables={"events": events}), NOW)
        broken, short, long = timeline(["ann"])
        assert long.detail == {"shortened": True}
        assert short.detail["properties"]["a"]["b"] == [1, None]
        assert broken.detail == {"shortened": True}
