"""Purchase frequency."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.builders import company, value


def orders(**days):
    return [{"at": day, "customer": c, "amount": 100} for c, own in days.items() for day in own]


class TestPurchaseFrequency:
    def test_is_orders_by_buyers_of_the_window(self):
        rows = orders(ann=["2024-01-10"], bob=["2024-01-10", "2024-01-11"], cyd=["2024-01-10", "2024-01-20", "2024-01-30", "2024-02-01"])
        with company(orders=[*rows, {"at": "2024-01-15", "amount": 100}]) as session:
            found = value(session, "purchase_frequency", "2024-01-01", "2024-02-01")
            assert (found.value, found.numerator, found.denominator) == (2.0, 6, 3)

    def test_per_year_is_over_the_365_days_before_the_end(self):
        rows = orders(ann=["2022-01-01", "2023-03-02", "2023-05-01", "2024-02-29"], bob=["2023-03-01"])
        with company(orders=rows) as session:
            # 365 days before 1 March 2024 is 2 March 2023: a leap day lies between.
            found = value(session, "purchase_frequency", "2024-02-01", "2024-03-01", per_year=True)
            assert (found.value, found.numerator, found.denominator) == (3.0, 3, 1)
            assert found.beside["basis"] == "buyers of 365 days"

    def test_per_year_over_a_shorter_history_is_over_the_years_at_risk(self):
        rows = orders(ann=["2024-01-01", "2024-02-01"], bob=["2024-03-14"])
        with company(orders=rows, as_of=date(2024, 3, 13) + timedelta(days=1)) as session:
            found = value(session, "purchase_frequency", "2024-03-01", "2024-03-15", per_year=True)
            assert found.denominator == pytest.approx((74 + 1) / 365)
            assert found.value == pytest.approx(3 / (75 / 365))
            assert found.beside["basis"] == "customer-years at risk"

    def test_per_year_never_multiplies_a_month_by_twelve(self, cdnow_session):
        month = value(cdnow_session, "purchase_frequency", "1998-06-01", "1998-07-01", per_year=True)
        year = value(cdnow_session, "purchase_frequency", "1997-07-01", "1998-07-01")
        assert month.value == year.value
