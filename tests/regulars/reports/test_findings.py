"""Findings: only what the data support, by money, each with its interval."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from regulars.reports.evidence import Evidence
from regulars.reports.sections.findings import candidates, findings
from regulars.reports.words import ENGLISH
from tests.builders import company

FIRST = date(2023, 1, 1)


def order(customer, day, amount=1000, **more):
    return {"at": str(FIRST + timedelta(days=day)), "customer": customer, "amount": amount, **more}


def shop(newcomers=40, back=32):
    """Newcomers on day 0, most of whom come back once; then a few orders so that the data last half a year."""
    return [order(f"c{i}", 0) for i in range(newcomers)] + [order(f"c{i}", 20 + i % 5, 500) for i in range(back)] + [order("z", 180)]


def found(**tables_and_rules):
    with company(**tables_and_rules) as session:
        return {f.code: f for f in candidates(Evidence(session))}


class TestCandidates:
    def test_put_money_on_second_orders(self):
        finding = found(orders=shop())["second_order"]
        # 41 buyers, 9 of whom bought once; five more in a hundred are 2.05 customers, each worth 500 later.
        assert finding.minor == pytest.approx(0.05 * 41 * 500)
        assert finding.parameters["one_time"] == 9

    def test_put_money_on_order_value_without_a_customer(self):
        finding = found(orders=[*shop(), *(order(None, day, 700) for day in range(10, 40))])["unknown"]
        assert finding.minor == 30 * 700
        assert finding.low < finding.minor < finding.high

    def test_have_intervals_around_their_money_and_come_by_money(self):
        orders = [
            *shop(60, 50),
            *(order(None, day, 700) for day in range(10, 40)),
            *(order(f"d{i}", 50, 900, discount_minor=300) for i in range(20)),
        ]
        with company(orders=orders) as session:
            all_of_them = candidates(Evidence(session))
        assert {"unknown", "discounts", "second_order"} <= {f.code for f in all_of_them}
        assert all(f.low <= f.minor <= f.high for f in all_of_them)
        assert [f.minor for f in all_of_them] == sorted((f.minor for f in all_of_them), reverse=True)

    def test_leave_out_what_is_less_than_a_hundredth(self):
        assert "unknown" not in found(orders=[*shop(), order(None, 10, 10)])

    def test_are_none_where_money_cannot_be_added_up(self):
        assert found(orders=[*shop(), order("y", 60, 100, currency="USD")]) == {}

    @pytest.mark.suite
    def test_do_not_compare_churn_where_one_cohort_ages(self, shared_data):
        from tests.companies import shops
        from tests.regulars.reports.conftest import session_of

        with session_of(shops.cdnow(shared_data), shops.CDNOW_RULES) as session:
            codes = [f.code for f in candidates(Evidence(session))]
        assert codes == ["second_order", "best_lapsed", "overdue"]


class TestFindings:
    def test_are_at_most_three_cards_with_money_interval_and_what_to_do(self):
        orders = [
            *shop(60, 50),
            *(order(None, day, 700) for day in range(10, 40)),
            *(order(f"d{i}", 50, 900, discount_minor=300) for i in range(20)),
        ]
        with company(orders=orders) as session:
            section = findings(Evidence(session), ENGLISH)
        cards = section.blocks[0].cards
        assert 1 <= len(cards) <= 3
        assert all(c.amount.endswith("EUR") and c.interval and c.action and c.evidence for c in cards)

    def test_say_in_one_line_what_to_import_where_nothing_is_supported(self):
        with company(orders=[order("ann", 0)]) as session:
            section = findings(Evidence(session), ENGLISH)
        assert section.missing
        assert not section.blocks
