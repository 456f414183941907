"""Records of loads: folded or not, they answer the same."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from regulars.errors import ArgumentRefused, LoadUnknown
from regulars.warehouse import ledger, records
from regulars.warehouse.erasure import erasing
from regulars.warehouse.loads import new_change_id
from regulars.workspace import Workspace
from tests.regulars.warehouse.rows import order, put, read, rows

START = datetime(2026, 1, 30, tzinfo=UTC)
LATER = START + timedelta(days=400)
SOURCES = ("tracking", "shopify", "predictions")


@pytest.fixture
def shop(tmp_path):
    return Workspace.create(tmp_path / "shop", name="Shop", currency="EUR")


def record(shop, load_id, source="tracking", *, report=None, count=0):
    """A committed load of which only the record matters."""
    at = datetime.strptime(load_id[:21] + "+0000", "%Y%m%dT%H%M%S%f%z")
    values = {"load_id": load_id, "loaded_at": at.isoformat(), "source": source, "files": [{"file": f"{load_id}.csv"}]}
    values |= {"report": report or {"read": 1, "größe": "42 <b>"}, "rows": {"orders": count}, "undone": False, "undone_at": None}
    (shop.folder / "loads" / f"{load_id}.json").write_text(json.dumps(values))


def fold(shop, load_ids=None):
    return ledger.fold(shop._places, records.foldable(shop._places, LATER) if load_ids is None else load_ids)


def own(shop):
    return sorted(path.stem for path in (shop.folder / "loads").glob("*.json"))


def answers(shop, load_ids):
    """Everything that is asked of loads."""
    return {
        "loads": shop.loads(),
        "without tracking": shop.loads(leave_out=("tracking",)),
        "latest": [shop.loads(latest=n) for n in (1, 3)] + [shop.loads(leave_out=("tracking", "predictions"), latest=2)],
        "one by one": [shop.load(load_id) for load_id in load_ids],
        "is loaded": [shop.is_loaded(load_id) for load_id in load_ids],
        "counts": shop.load_counts(),
        "marked": sorted(shop.load_marks()),
        "marked without": [sorted(shop.load_marks(leave_out=which)) for which in (("tracking",), SOURCES, ("shopify", "predictions"))],
        "latest at": [records.latest_loaded_at(shop._places, leave_out=source) for source in SOURCES],
    }


def said_plainly(shop):
    """The same from the list of all loads alone."""
    found = shop.loads()
    held = [load for load in found if not load.undone]

    def without(*sources):
        return [load for load in found if load.source not in sources]

    def marked(*sources):
        return [load.load_id for load in found if load.undone or load.source not in sources]

    def at(source):
        return max((load.loaded_at for load in held if load.source != source), default=None)

    return {
        "loads": found,
        "without tracking": without("tracking"),
        "latest": [found[-1:], found[-3:], without("tracking", "predictions")[-2:]],
        "one by one": found,
        "is loaded": [True] * len(found),
        "counts": records.LoadCounts(
            len(held), sum(sum(load.rows.values()) for load in held), max((load.load_id for load in held), default="")
        ),
        "marked": marked(),
        "marked without": [marked("tracking"), marked(*SOURCES), marked("shopify", "predictions")],
        "latest at": [at(source) for source in SOURCES],
    }


class TestLatest:
    def test_may_have_an_id_that_was_given_the_day_before(self, shop):
        put(shop, at=START + timedelta(hours=32), orders=rows("orders", order("1", "anna", 1)))
        with shop.stage(source="tracking", now=START + timedelta(hours=33), load_id=new_change_id(START + timedelta(hours=20))) as load:
            load.commit({}, [])
        assert records.latest_loaded_at(shop._places, leave_out="predictions") == START + timedelta(hours=33)
        fold(shop)
        put(shop, at=START + timedelta(hours=31), orders=rows("orders", order("2", "anna", 1)))
        assert records.latest_loaded_at(shop._places, leave_out="predictions") == START + timedelta(hours=33)

    def test_is_found_by_reading_a_few_whatever_the_times_of_files_in_a_copy(self, shop, monkeypatch):
        for hours in range(40):
            load_id = new_change_id(START + timedelta(hours=hours))
            record(shop, load_id)
            written = (START + timedelta(hours=hours, seconds=3)).timestamp()
            os.utime(shop.folder / "loads" / f"{load_id}.json", (written, written))
        looked_at = []
        there = records._own
        monkeypatch.setattr(records, "_own", lambda places, load_id: (looked_at.append(load_id), there(places, load_id))[1])
        latest = START + timedelta(hours=39)
        assert records.latest_loaded_at(shop._places, leave_out="predictions") == latest
        assert len(looked_at) == 1
        for age in (0, 10**9, time.time()):
            for path in (shop.folder / "loads").glob("*.json"):
                os.utime(path, (age, age))
            assert records.latest_loaded_at(shop._places, leave_out="predictions") == latest

    def test_is_found_where_it_is_folded_meanwhile(self, shop, monkeypatch):
        for hours in range(3):
            record(shop, new_change_id(START + timedelta(hours=hours)))
        there = records._own

        def folds_first(places, load_id):
            fold(shop, own(shop))
            return there(places, load_id)

        monkeypatch.setattr(records, "_own", folds_first)
        assert records.latest_loaded_at(shop._places, leave_out="predictions") == START + timedelta(hours=2)


class TestFolded:
    @settings(max_examples=40)
    @given(
        st.lists(
            st.one_of(
                st.tuples(st.just("load"), st.sampled_from(SOURCES), st.integers(0, 60)),
                st.tuples(st.just("undo"), st.integers(0, 30)),
                st.tuples(st.just("fold"), st.integers(0, 8)),
            ),
            max_size=24,
        )
    )
    def test_answers_as_if_it_were_not(self, tmp_path_factory, story):
        folder = tmp_path_factory.mktemp("twins")
        plain, folded = (Workspace.create(folder / name, name="Shop", currency="EUR") for name in ("plain", "folded"))
        there = []
        for what, *how in story:
            if what == "load":
                load_id = new_change_id(START + timedelta(hours=how[1], microseconds=len(there)))
                there.append(load_id)
                for shop in (plain, folded):
                    record(shop, load_id, how[0], count=how[1])
            elif what == "undo" and there:
                load_id = there[how[0] % len(there)]
                if not plain.load(load_id).undone:
                    before = folded.load_marks()
                    for shop in (plain, folded):
                        shop.undo(load_id)
                    after = folded.load_marks()
                    assert [name for name in before if before[name] != after[name]] == [load_id]
            elif what == "fold":
                before = folded.load_marks()
                fold(folded, records.foldable(folded._places, LATER)[how[0] :])
                assert folded.load_marks() == before
        load_ids = sorted(there)
        asked, expected = answers(folded, load_ids), answers(plain, load_ids)
        for one in ("loads", "without tracking", "latest", "one by one"):
            for shown in (asked, expected):
                shown[one] = json.dumps(shown[one], default=lambda load: {**load.as_dict(), "undone_at": None})
        assert asked == expected
        plainly = said_plainly(plain)
        assert [plainly[name] for name in ("counts", "marked", "marked without", "is loaded", "latest at")] == [
            expected[name] for name in ("counts", "marked", "marked without", "is loaded", "latest at")
        ]

    def test_lies_in_one_file_a_month(self, shop):
        for hours in range(0, 24 * 40, 24):
            record(shop, new_change_id(START + timedelta(hours=hours)))
        before = shop.loads()
        assert fold(shop) == len(before) == 40
        assert own(shop) == []
        assert [path.name for path in ledger.folded_files(shop._places)] == ["2026-03.parquet", "2026-02.parquet", "2026-01.parquet"]
        assert shop.loads() == before

    def test_is_left_alone_while_it_is_young(self, shop):
        old, young = new_change_id(START), new_change_id(START + timedelta(minutes=50))
        for load_id in (old, young):
            record(shop, load_id)
        assert records.foldable(shop._places, START + timedelta(minutes=61)) == [old]

    def test_can_be_undone(self, shop):
        first = put(shop, at=START, orders=rows("orders", order("1", "anna", 700)))
        second = put(shop, at=START + timedelta(days=1), orders=rows("orders", order("2", "anna", 300)))
        fold(shop)
        shop.compact()
        shop.undo(first)
        assert read(shop, "select order_id from orders") == [("2",)]
        assert [(load.load_id, load.undone) for load in shop.loads()] == [(first, True), (second, False)]
        fold(shop)
        assert own(shop) == []
        assert [(load.load_id, load.undone) for load in shop.loads()] == [(first, True), (second, False)]
        with pytest.raises(LoadUnknown, match="undone already"):
            shop.undo(first)
        with pytest.raises(LoadUnknown, match=f"one of {second}"):
            shop.undo("x")

    def test_keeps_its_id_from_being_taken_again(self, shop):
        load_id = new_change_id(START)
        record(shop, load_id)
        fold(shop)
        assert shop.is_loaded(load_id)
        assert not shop.is_loaded(new_change_id(START))
        with pytest.raises(ArgumentRefused, match="in the tables already"):
            shop.stage(source="tracking", load_id=load_id)

    def test_forgets_a_person_who_is_erased(self, shop):
        put(shop, orders=rows("orders", order("1", "erna-quist", 700)))
        for minute in range(3):
            report = {"examples": ["row 3: erna-quist", "1997"], "minute": minute}
            record(shop, new_change_id(START + timedelta(minutes=minute)), "shopify", report=report)
        fold(shop)
        before = shop.load_marks()
        shop.erase("erna-quist")
        old = shop.loads()[:3]
        assert [load.report for load in old] == [{"examples": ["row 3: [erased]", "1997"], "minute": minute} for minute in range(3)]
        assert {load.load_id: before[load.load_id] for load in old}.items() <= shop.load_marks().items()
        assert shop.load_counts().loads == 4

    def test_of_what_comes_by_itself_is_passed_by_when_a_person_is_erased(self, shop, monkeypatch):
        put(shop, orders=rows("orders", order("1", "erna-quist", 700)))
        shopify = new_change_id(START + timedelta(minutes=30))
        record(shop, shopify, "shopify", report={"examples": ["erna-quist"]})
        for minute in range(60):
            for month in (0, 40):
                record(shop, new_change_id(START + timedelta(days=month, minutes=minute)), ("tracking", "identities")[minute % 2])
        fold(shop)
        first, later = (path.read_bytes() for path in reversed(ledger.folded_files(shop._places)[1:]))
        looked_at = []
        there = erasing._cleaned_record
        monkeypatch.setattr(erasing, "_cleaned_record", lambda text, person: (looked_at.append(json.loads(text)), there(text, person))[1])
        shop.erase("erna-quist")
        assert [load["source"] for load in looked_at] == ["csv", "shopify"]
        assert shop.load(shopify).report == {"examples": ["[erased]"]}
        after = [path.read_bytes() for path in reversed(ledger.folded_files(shop._places)[1:])]
        assert (after[0] != first, after[1] == later) == (True, True)

    def test_is_swept_of_what_a_killed_folding_left(self, shop):
        record(shop, new_change_id(START))
        (shop.folder / "loads" / "folded").mkdir()
        left = shop.folder / "loads" / "folded" / ".2026-01.parquet.7.new"
        left.write_bytes(b"torn")
        assert len(shop.loads()) == 1
        fold(shop)
        assert not left.exists()

    def test_is_there_twice_for_a_moment_and_counts_once(self, shop):
        load_ids = [new_change_id(START + timedelta(minutes=minute)) for minute in range(3)]
        for load_id in load_ids:
            record(shop, load_id, count=5)
        kept = {path.name: path.read_bytes() for path in (shop.folder / "loads").glob("*.json")}
        fold(shop)
        for name, content in kept.items():
            (shop.folder / "loads" / name).write_bytes(content)
        assert [load.load_id for load in shop.loads()] == load_ids
        assert shop.load_counts() == records.LoadCounts(3, 15, load_ids[-1])
        fold(shop)
        assert (len(shop.loads()), own(shop)) == (3, [])

    def test_is_found_without_reading_the_others(self, shop):
        load_ids = [new_change_id(START + timedelta(seconds=10 * n)) for n in range(200)]
        for load_id in load_ids:
            record(shop, load_id)
        fold(shop)
        (path,) = ledger.folded_files(shop._places)
        with ledger.Folded(path) as month:
            assert month.summary.by_source["tracking"].loads == 200
            assert month.rows(["load_id"], ids={load_ids[7], "absent"})["load_id"].to_pylist() == [load_ids[7]]
        assert path.stat().st_size < 200 * 100

    def test_is_not_read_again_for_whoever_follows_the_loads_of_others(self, shop, monkeypatch):
        load_ids = [new_change_id(START + timedelta(minutes=minute)) for minute in range(6)]
        for load_id, source in zip(load_ids, ["tracking"] * 4 + ["shopify"] * 2, strict=True):
            record(shop, load_id, source)
        fold(shop, load_ids[:-1])
        assert list(shop.load_marks(leave_out=["tracking"])) == load_ids[4:]
        opened = []
        there = ledger.Folded.__init__
        monkeypatch.setattr(ledger.Folded, "__init__", lambda month, path: (opened.append(path), there(month, path))[1])
        before = shop.load_marks(leave_out=("tracking",))
        assert (list(before), opened) == (load_ids[4:], [])
        fold(shop)
        opened.clear()
        assert shop.load_marks(leave_out=("tracking",)) == before
        assert len(opened) == 1
        shop.undo(load_ids[4])
        fold(shop)
        assert shop.load_marks(leave_out=("tracking",)).keys() == before.keys()
        assert shop.load_marks(leave_out=("tracking",))[load_ids[4]] != before[load_ids[4]]

    def test_unknown_is_refused(self, shop):
        with pytest.raises(LoadUnknown):
            shop.load(new_change_id(START))
