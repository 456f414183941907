"""Searching in texts that lie together, compared with each text on its own."""

from __future__ import annotations

import pytest

from regulars_server.serving import searching
from regulars_server.serving.building import build_here
from regulars_server.serving.public import CustomerQuery, customers
from regulars_server.serving.reading import close, reader
from tests.regulars_server.serving.conftest import NOW
from tests.regulars_server.serving.installed import CANARY, add, company, install, person

pytestmark = pytest.mark.suite
WORDS = (["c017"], ["person", "c017"], ["c0"], ["+49"], ["@", "7"], [f"{CANARY}.1"], ["17", "v1"], ["o'%_\\"], ["nobody"], ["e"])


def texts():
    """Every customer's text by its place."""
    with reader() as file:
        return dict(file.tuples("select rowid, search from customers"))


def found(words):
    with reader() as file:
        return searching.places(file, words)


class TestPlaces:
    @pytest.mark.parametrize("words", WORDS)
    def test_are_those_of_all_texts_with_the_words(self, built, words) -> None:
        assert found(words) == sorted(place for place, text in texts().items() if all(word in text for word in words))

    def test_are_right_whatever_lies_together_and_is_written_at_once(self, settings, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(searching, "TOGETHER", 3)
        monkeypatch.setattr(searching, "AT_ONCE", 9)
        build_here(install(settings, tmp_path, tables=company(31)), NOW)
        for words in WORDS:
            assert found(words) == sorted(place for place, text in texts().items() if all(word in text for word in words))
        close()

    def test_are_not_moved_by_a_name_of_two_lines(self, settings, tmp_path) -> None:
        tables = company(31)
        tables["customers"].append({**person(900, 0), "name": "Two\nLines\n\nAnd More", "row_key": "lines"})
        build_here(install(settings, tmp_path, tables=tables), NOW)
        for who in range(31):
            assert [row["customer_id"] for row in customers(CustomerQuery(search=f"c{who:03}")).rows] == [f"c{who:03}"]
        assert [row["customer_id"] for row in customers(CustomerQuery(search="two lines more")).rows] == ["c900"]
        close()

    def test_are_not_said_where_they_may_be_very_many(self, built, monkeypatch) -> None:
        monkeypatch.setattr(searching, "MOST", 0)
        assert found(["person"]) is None
        assert found(["nobody"]) == []


class TestSearch:
    @pytest.mark.parametrize("most", [500, 0])
    @pytest.mark.parametrize("search", ["person", "person 7", "c017", "nobody", "+4930 v0"])
    @pytest.mark.parametrize("more", [{}, {"country": "DE"}, {"min_revenue_minor": 5000, "sort": "name", "descending": False}])
    def test_finds_the_same_by_few_texts_and_by_all(self, built, monkeypatch, most, search, more) -> None:
        monkeypatch.setattr(searching, "MOST", most)
        page = customers(CustomerQuery(search=search, limit=5, **more))
        everybody = customers(CustomerQuery(limit=500, **more)).rows
        words = search.split()

        def said(row):
            return " ".join(filter(None, (row["name"], row["email"], row["phone"], row["customer_id"]))).lower().replace("+49 30 ", "+4930")

        expected = [row["customer_id"] for row in everybody if all(word in said(row) for word in words)]
        assert page.total == len(expected)
        assert [row["customer_id"] for row in page.rows] == expected[:5]

    def test_finds_who_came_since_the_last_file(self, workspace, built) -> None:
        assert customers(CustomerQuery(search="later")).total == 0
        add(workspace, {"customers": [{**person(950, 0), "name": "Later", "row_key": "later"}]})
        build_here(workspace, NOW)
        assert [row["customer_id"] for row in customers(CustomerQuery(search="later")).rows] == ["c950"]
