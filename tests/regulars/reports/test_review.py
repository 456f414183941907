"""The review as a page: what it says, what it hides, and that it stands whatever the company."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from regulars.reports import review
from regulars.reports.blocks import Section, Table
from regulars.reports.drawing import Grid
from regulars.reports.evidence import Evidence
from regulars.reports.sections.appendix import data_quality
from regulars.reports.sections.slipped import code, naming, slipped
from regulars.reports.words import ENGLISH
from tests.builders import company
from tests.companies import nasty
from tests.companies.random import companies
from tests.regulars.reports.conftest import session_of

pytestmark = pytest.mark.suite

ORDER_OF_SECTIONS = [
    "findings",
    "kpis",
    "movements",
    "cohorts",
    "second-order",
    "rfm",
    "at_risk",
    "lights",
    "held",
    "forecast",
    "slipped",
    "concentration",
    "seasonality",
    "affinity",
    "value",
]


def lapsed(customer="ann.private@example.com"):
    """Orders: one repeat buyer who went quiet lately, and somebody who is active."""
    orders = [{"at": day, "customer": customer, "amount": 5000} for day in ("2024-01-05", "2024-02-05", "2024-03-05")]
    return [*orders, *({"at": day, "customer": "zoe", "amount": 100} for day in ("2024-04-01", "2024-07-01"))]


@pytest.fixture(scope="module")
def small():
    """The review of that shop."""
    with company(orders=lapsed()) as session:
        return review(session, title="Shop")


def who_slipped(customer="ann.private@example.com", **arguments):
    """The texts of the section on who slipped away."""
    with company(orders=lapsed(customer)) as session:
        hidden = {"show_names": False, "secret": None, **arguments}
        section = slipped(Evidence(session), ENGLISH, naming(ENGLISH, **hidden), **hidden)
    return str(section)


def text(html):
    return re.sub(r"<[^>]+>", " ", html).replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


class TestNames:
    def test_are_hidden_unless_asked_for(self, small):
        html = small.html()
        assert "ann.private" not in html
        assert "No. 1" in text(html)

    def test_are_shown_when_asked_for(self):
        assert "ann.private@example.com" in who_slipped(show_names=True)

    def test_become_codes_that_stay_the_same_with_the_workspace_s_secret(self):
        shown = code("ann.private@example.com", b"key")
        said = who_slipped(secret=b"key")
        assert shown in said
        assert "ann.private" not in said
        assert shown not in who_slipped(secret=b"another")


class TestReview:
    def test_escapes_what_comes_from_outside(self, small):
        row = ["<img src=x>"]
        section = Section(key="x", kicker="x", blocks=[Table(title="x", grid=Grid(head=["x"], rows=[row]))])
        html = replace(small, heading="<script>alert(1)</script>", sections=[section]).html()
        assert "<script>" not in html
        assert "<img" not in html

    def test_has_its_sections_in_the_agreed_order(self, small):
        keys = [s.key for s in small.sections]
        assert keys[: len(ORDER_OF_SECTIONS)] == ORDER_OF_SECTIONS
        assert keys[-2:] == ["definitions", "quality"]

    def test_leaves_predictions_out_where_they_are_not_wanted(self):
        with company(orders=lapsed()) as session:
            keys = [s.key for s in review(session, title="Shop", predictions=False).sections]
        assert [key for key in keys if key in ORDER_OF_SECTIONS] == [
            key for key in ORDER_OF_SECTIONS if key not in ("at_risk", "lights", "held", "forecast")
        ]

    def test_says_in_one_line_what_to_import_where_a_section_has_no_data(self, small):
        found = {s.key: s for s in small.sections}
        assert "order lines" in found["affinity"].missing
        assert "survey answers" in found["experience"].missing
        assert not found["affinity"].blocks

    def test_reconciles_with_the_imported_files(self):
        report = {
            "file": "/somewhere/orders.csv",
            "read": 10,
            "imported": 7,
            "already_there": 1,
            "quarantined": {"amount_missing": 2},
            "reconciles": True,
            "money": [{"currency": "EUR", "imported": 15200}],
        }
        records = [{"load_id": "x", "undone": False, "report": {"files": [report]}}, {"undone": True, "report": report}]
        with company(orders=lapsed()) as session:
            table = data_quality(Evidence(session), ENGLISH, records).blocks[-1]
        said = text(" ".join([*(cell for row in table.grid.rows for cell in row), table.grid.note, table.note]))
        assert "orders.csv" in said
        assert "/somewhere" not in said
        assert "152.00 EUR" in said
        assert "amount missing 2" in said
        assert "orders.csv (undone)" in said

    def test_says_when_money_cannot_be_added_up(self):
        orders = [*lapsed(), {"at": "2024-06-01", "customer": "yan", "amount": 100, "currency": "USD"}]
        with company(orders=orders) as session:
            assert "exchange rates" in text(review(session, title="Shop").html())

    def test_loads_nothing_and_runs_nothing(self, small):
        html = small.html()
        assert "://" not in html
        assert "<script" not in html

    def test_speaks_the_language_it_is_given(self, small):
        html = replace(small, language=replace(ENGLISH, code="xx", catalogue={**ENGLISH.catalogue, "page.name": "RÜCKBLICK"})).html()
        assert '<html lang="xx">' in html
        assert "RÜCKBLICK" in html

    def test_writes_a_file_and_makes_its_folder(self, small, tmp_path):
        path = small.write(tmp_path / "new" / "review.html")
        assert path.read_text("utf-8").startswith("<!doctype html>")

    @pytest.mark.parametrize(
        "tables",
        [
            {"orders": [{"at": "2024-01-05", "customer": "ann", "amount": 1000}]},
            pytest.param({"orders": [{"at": "2024-01-05", "customer": None, "amount": 1000}]}, marks=pytest.mark.suite),
            {
                "responses": [
                    {
                        "at": "2024-01-05",
                        "customer": "ann",
                        "response_id": "r",
                        "measure": "nps",
                        "score": 9,
                        "scale_min": 0,
                        "scale_max": 10,
                    }
                ]
            },
            {"subscriptions": [{"at": "2023-01-05", "customer": "ann", "subscription": "s", "mrr": 1000}]},
            {"events": [{"at": "2024-01-05", "customer": "ann", "name": "seen"}]},
        ],
        ids=["one order", "nobody", "answers only", "subscriptions only", "events only"],
    )
    def test_stands_with_next_to_nothing(self, tables):
        with company(**tables) as session:
            assert "Shop" in review(session, title="Shop").html()

    @pytest.mark.suite
    @pytest.mark.parametrize("churn_by", ["inactive", "cancelled"])
    def test_stands_for_the_nasty_company(self, churn_by):
        with session_of(nasty.nasty(), {**nasty.RULES, "churn_by": churn_by}) as session:
            assert len(review(session, title="Nasty").html()) > 50_000

    @pytest.mark.suite
    @settings(max_examples=6)
    @given(companies())
    def test_stands_for_any_company(self, shop):
        tables = shop.tables
        if not any(tables.get(name) for name in ("orders", "events", "subscriptions", "messages", "responses", "tickets")):
            return
        with session_of(tables, shop.rules) as session:
            assert "://" not in review(session, title="Any").html()


@pytest.mark.suite
class TestCdnow:
    def test_says_how_the_business_is_doing(self, cdnow):
        # Numbers of the issue: 3,610 -> 3,301; 948 went quiet; four in ten come back (43 % of repeat buyers, product/metrics.md).
        said = text(cdnow.html())
        assert "Active customers 3,610 → 3,301 in June 1998; of the 948 who went quiet, four in ten usually come back." in said
        assert "43 % ordered again within the next 180 days" in said

    def test_says_that_it_is_one_cohort(self, cdnow):
        assert "its decline is the cohort’s" in text(cdnow.html())

    def test_counts_customers_and_orders(self, cdnow):
        # shared/data/cdnow and the issue: 69,579 kept orders of 23,502 buyers.
        assert dict(cdnow.facts)["Customers with a kept order"] == "23,502"
        assert dict(cdnow.facts)["Kept orders"] == "69,579"

    def test_is_smaller_than_two_megabytes(self, cdnow):
        assert len(cdnow.html().encode()) < 2_000_000


@pytest.mark.suite
class TestOnlineRetail:
    def test_reconciles_orders_with_revenue(self, online_retail):
        # shared/data/online_retail: 9,747,747.93 GBP in all.
        assert "9,747,747.93 GBP" in text(online_retail.html())

    def test_marks_the_partial_month_and_does_not_compare_with_a_year_that_is_not_there(self, online_retail):
        said = text(online_retail.html())
        assert "December 2011 is not complete in the data." in said
        assert "nothing can be compared with the same period last year" in said

    def test_finds_what_has_no_customer(self, online_retail):
        assert "of the order value has no known customer" in text(online_retail.html())

    def test_is_smaller_than_two_megabytes(self, online_retail):
        assert len(online_retail.html().encode()) < 2_000_000
