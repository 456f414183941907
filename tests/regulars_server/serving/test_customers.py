"""Lists from the serving file, compared with plain Python over all rows."""

from __future__ import annotations

from datetime import date

import pytest

from regulars_server.serving.building import build_here
from regulars_server.serving.hidden import hide
from regulars_server.serving.public import CustomerQuery, customer_id_of, customers, lights, pieces
from regulars_server.shared.references import reference_of
from tests.regulars_server.serving.conftest import NOW
from tests.regulars_server.serving.installed import CANARY, add

pytestmark = pytest.mark.suite


def everybody():
    return customers(CustomerQuery(limit=500)).rows


def said(row):
    """All that may be searched, as one text."""
    return " ".join(filter(None, (row["name"], row["email"], row["phone"], row["customer_id"]))).lower()


QUERIES = {
    "country": (CustomerQuery(country="DE"), lambda row: row["country"] == "DE"),
    "channel": (CustomerQuery(channel="social"), lambda row: row["acquisition_channel"] == "social"),
    "least": (CustomerQuery(min_revenue_minor=5000), lambda row: (row["value_minor"] or 0) >= 5000),
    "most": (CustomerQuery(max_revenue_minor=5000), lambda row: row["value_minor"] is not None and row["value_minor"] <= 5000),
    "light": (CustomerQuery(lights=("unknown",)), lambda row: row["light"] in {None, "unknown"}),
    "no light": (CustomerQuery(lights=("red",)), lambda row: row["light"] == "red"),
    "ordered": (CustomerQuery(ordered_since="2026-03-01"), lambda row: row["last_order_on"] and row["last_order_on"] >= date(2026, 3, 1)),
    "silent": (
        CustomerQuery(silent_since="2026-03-01"),
        lambda row: row["last_order_on"] is None or row["last_order_on"] < date(2026, 3, 1),
    ),
    "name": (CustomerQuery(search="PERSON 7 v"), lambda row: all(word in said(row) for word in ("person", "7", "v"))),
    "number": (CustomerQuery(search="+4930"), lambda row: row["phone"] is not None),
    "address": (CustomerQuery(search=f"{CANARY}.11@ex"), lambda row: f"{CANARY}.11@ex" in row["email"]),
    "id": (CustomerQuery(search="c017"), lambda row: row["customer_id"] == "c017"),
    "two words": (CustomerQuery(search="person c017"), lambda row: row["customer_id"] == "c017"),
    "quote": (CustomerQuery(search="o'%_\\"), lambda _row: False),
}


class TestList:
    @pytest.mark.parametrize("name", QUERIES)
    def test_has_who_fits(self, built, name) -> None:
        query, fits = QUERIES[name]
        found = customers(query)
        expected = {row["customer_id"] for row in everybody() if fits(row)}
        assert {row["customer_id"] for row in found.rows} == expected
        assert found.total == len(expected)

    @pytest.mark.parametrize(
        ("sort", "column"), [("revenue", "value_minor"), ("orders", "orders"), ("last_order", "last_order_on"), ("name", "name")]
    )
    @pytest.mark.parametrize("descending", [True, False])
    def test_is_sorted_with_unknown_ones_last(self, built, sort, column, descending) -> None:
        values = [row[column] for row in customers(CustomerQuery(sort=sort, descending=descending, limit=500)).rows]
        known = [value for value in values if value is not None]
        assert values == sorted(known, reverse=descending) + [None] * (len(values) - len(known))

    def test_comes_page_by_page_without_a_gap(self, built) -> None:
        paged, offset = [], 0
        while rows := customers(CustomerQuery(sort="orders", limit=7, offset=offset)).rows:
            paged += [row["customer_id"] for row in rows]
            offset += 7
        assert len(paged) == len(set(paged)) == 40

    def test_for_who_may_not_see_people_says_nothing_of_who(self, built) -> None:
        found = customers(CustomerQuery(people=False, limit=500))
        assert CANARY not in repr(found.rows)
        assert not {"customer_id", "name", "email", "phone", "search"} & set(found.rows[0])
        assert {row["reference"] for row in found.rows} == {reference_of(f"c{who:03}") for who in range(40)}

    @pytest.mark.parametrize("search", [CANARY, "Person 7", "c017"])
    def test_cannot_be_searched_by_name_by_who_may_not_see_people(self, built, search) -> None:
        assert customers(CustomerQuery(people=False, search=search)).total == 0

    def test_is_searched_by_reference_by_everybody(self, built) -> None:
        assert customers(CustomerQuery(people=False, search=reference_of("c017"))).total == 1
        assert customers(CustomerQuery(search=reference_of("c017"))).rows[0]["customer_id"] == "c017"

    def test_beyond_its_end_still_says_how_many_were_found(self, built) -> None:
        found = customers(CustomerQuery(search="person", offset=10_000))
        assert (found.rows, found.total) == ([], customers(CustomerQuery(search="person")).total)
        assert found.total == sum("person" in said(row) for row in everybody())

    @pytest.mark.parametrize("search", ["", "person"])
    def test_has_the_columns_that_are_asked_for_and_who_it_is(self, built, search) -> None:
        whole = customers(CustomerQuery(sort="orders", search=search)).rows
        some = customers(CustomerQuery(sort="orders", search=search), columns=("light", "orders")).rows
        names = ("customer_id", "name", "email", "phone", "reference", "light", "orders")
        assert some == [{name: row[name] for name in names} for row in whole]
        barred = customers(CustomerQuery(people=False), columns=("orders", "name", "email")).rows
        assert set(barred[0]) == {"reference", "orders"}

    def test_that_was_asked_for_before_leaves_out_who_was_erased_since(self, built) -> None:
        query = CustomerQuery(sort="orders", limit=500)
        assert "c001" in [row["customer_id"] for row in customers(query).rows]
        hide(["c001"])
        found = customers(query)
        assert found.total == len(found.rows) == 39
        assert "c001" not in [row["customer_id"] for row in found.rows]

    def test_is_the_new_files_where_the_old_one_was_asked_the_same(self, workspace, built) -> None:
        query = CustomerQuery(sort="orders", limit=1)
        first = customers(query).rows[0]["customer_id"]
        orders = [{"at": "2026-04-01", "customer": "many", "amount": 5, "order": f"m{n}", "row_key": f"m{n}"} for n in range(50)]
        add(workspace, {"orders": orders})
        build_here(workspace, NOW)
        assert customers(query).total == 41
        assert [row["customer_id"] for row in customers(query).rows] == ["many"] != [first]

    def test_knows_everybody_by_reference(self, built) -> None:
        assert [customer_id_of(row["reference"]) for row in everybody()] == [row["customer_id"] for row in everybody()]
        assert customer_id_of("0123456789abcdef") is None

    def test_without_lights_counts_all_as_unknown(self, built) -> None:
        assert lights() == {"red": 0, "amber": 0, "green": 0, "new": 0, "lapsed": 0, "unknown": 40}

    def test_in_pieces_is_the_whole_list(self, built) -> None:
        rows = [row for piece in pieces(CustomerQuery(country="DE", limit=1), ("customer_id",)) for row in piece]
        assert {row[0] for row in rows} == {row["customer_id"] for row in everybody() if row["country"] == "DE"}


class TestLoggedQuery:
    def test_does_not_say_what_was_searched(self) -> None:
        assert CANARY not in repr(CustomerQuery(search=CANARY).as_logged())
        assert CustomerQuery(search=CANARY).as_logged()["searched"] is True
