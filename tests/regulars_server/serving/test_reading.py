"""The file as it is now: replaced, torn, missing; and people who were erased since."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulars_server.serving import hidden, reading
from regulars_server.serving.building import build_here
from regulars_server.serving.layout import FILE
from regulars_server.serving.personal_data import erase, export
from regulars_server.serving.public import CustomerQuery, customer, customers, timeline
from regulars_server.serving.reading import reader
from regulars_server.shared.references import reference_of
from tests.regulars_server.serving.conftest import NOW
from tests.regulars_server.serving.installed import CANARY, add

pytestmark = pytest.mark.suite


@pytest.fixture
def place(workspace):
    return workspace.folder / "server" / "serving" / FILE


class TestReader:
    def test_sees_the_new_file_and_one_who_reads_goes_on_with_the_old_one(self, workspace, built) -> None:
        add(workspace, {"orders": [{"at": "2026-06-01", "customer": "new one", "amount": 5, "row_key": "new"}]})
        with reader() as old:
            assert old.rows("select count(*) as n from customers")[0]["n"] == 40
            build_here(workspace, NOW + timedelta(hours=1))
            assert customer("new one")["orders"] == 1
            assert old.rows("select count(*) as n from customers")[0]["n"] == 40
        assert len(reading._opened) == 1

    @pytest.mark.parametrize("content", [b"", b"no database", b"\x00" * 20_000])
    def test_takes_a_torn_file_for_none(self, place, content) -> None:
        place.write_bytes(content)
        assert customers(CustomerQuery()) is None

    def test_takes_half_a_file_for_none(self, place, built) -> None:
        place.write_bytes(place.read_bytes()[:9000])
        assert customers(CustomerQuery()) is None

    def test_comes_back_when_the_file_does(self, workspace, place, built) -> None:
        whole = place.read_bytes()
        place.write_bytes(b"torn")
        assert customers(CustomerQuery()) is None
        place.write_bytes(whole)
        assert customers(CustomerQuery()).total == 40

    def test_leaves_no_link_behind(self, place, built) -> None:
        customers(CustomerQuery())
        assert [path.name for path in place.parent.glob(".reading*")] == []

    def test_cannot_write(self, built) -> None:
        with reader() as file, pytest.raises(Exception, match="read-only"):
            file.rows("delete from customers")


class TestAnswers:
    def test_that_are_asked_for_again_and_again_outlive_those_that_are_not(self, built) -> None:
        with reader() as file:
            dear = file.once("select count(*) as n from customers")
            for number in range(2 * reading.MOST_ANSWERS):
                file.once("select ? as n", [number])
                assert file.once("select count(*) as n from customers") is dear
            kept = file.once("select ? as n", [2 * reading.MOST_ANSWERS - 1])
            assert file.once("select ? as n", [2 * reading.MOST_ANSWERS - 1]) is kept
        [opened] = reading._opened.values()
        assert len(opened.answers) == reading.MOST_ANSWERS

    def test_about_people_are_few_and_drive_out_no_others(self, built, place) -> None:
        with reader() as file:
            dear = file.once("select count(*) as n from customers")
            for number in range(reading.MOST_ANSWERS + 10):
                timeline([f"somebody{number}@example.com"])
            assert file.once("select count(*) as n from customers") is dear
        opened = reading._opened[str(place)]
        assert len(opened.of_people) == reading.MOST_OF_PEOPLE
        assert not [asked for asked in opened.answers if "somebody" in str(asked)]


class TestHolding:
    def test_hands_out_what_it_holds_of_a_person(self, built) -> None:
        told = list(export(frozenset({"c001", "anon:1"})))
        assert told[0]["customer"]["email"] == f"{CANARY}.1@example.com"
        assert len(told) == 1 + len(timeline({"c001", "anon:1"}, limit=500))

    def test_leaves_an_erased_person_out_at_once_and_until_they_are_gone(self, workspace, built, place) -> None:
        ids = frozenset({"c001", "anon:1"})
        entries = timeline(ids, limit=500)
        assert erase(ids) == 1 + len(entries)
        assert customer("c001") is None
        assert timeline(ids) == []
        assert customers(CustomerQuery(limit=500)).total == 39
        build_here(workspace, NOW)
        assert hidden.read(place.parent) == {reference_of("c001"), reference_of("anon:1")}
        workspace.erase("c001")
        build_here(workspace, NOW)
        assert hidden.read(place.parent) == frozenset()
        assert CANARY + ".1@" not in place.read_bytes().decode("latin-1")
