"""Churn rate, retention rate and revenue churn rate: three views of the same customers."""

from __future__ import annotations

from datetime import date

import pytest

from tests.builders import company, value

DAYS = {
    "stays": ("2024-02-20", "2024-03-20"),
    "leaves": ("2024-02-02",),
    "left before": ("2024-01-10",),
    "joins": ("2024-03-15",),
    "cancelled": ("2024-02-25",),
}
ORDERS = [{"at": f"{day}T10:00:00", "customer": c, "amount": 1000, "order": f"{c} {day}"} for c, days in DAYS.items() for day in days]
ORDERS += [{"at": "2024-04-02", "customer": "cancelled", "amount": -1000, "order": "cancelled 2024-02-25", "kind": "cancellation"}]
ORDERS += [{"at": "2024-02-21", "customer": "stays", "amount": 2000}, {"at": "2023-12-01", "amount": 100}]
MARCH = ("2024-03-01", "2024-04-01")


@pytest.fixture(scope="module")
def monthly():
    with company(orders=ORDERS, inactive_after_days=30) as session:
        yield session


class TestByInactivity:
    def test_churn_is_over_the_customers_at_the_start(self, monthly):
        found = value(monthly, "churn_rate", *MARCH)
        assert (found.value, found.numerator, found.denominator) == (0.5, 1, 2)

    def test_retention_is_the_rest(self, monthly):
        found = value(monthly, "retention_rate", *MARCH)
        churn = value(monthly, "churn_rate", *MARCH)
        assert (found.value, found.low, found.high) == pytest.approx((1 - churn.value, 1 - churn.high, 1 - churn.low))

    def test_revenue_churn_is_over_what_they_bought_before(self, monthly):
        found = value(monthly, "revenue_churn_rate", *MARCH)
        assert (found.value, found.numerator, found.denominator) == (0.25, 10.00, 40.00)

    def test_an_order_thirty_days_before_the_boundary_is_active_and_one_of_thirty_one_is_not(self):
        rows = [
            {"at": "2024-01-01", "amount": 1},
            {"at": "2024-03-02", "customer": "in", "amount": 1},
            {"at": "2024-03-01", "customer": "out", "amount": 1},
        ]
        with company(orders=rows, inactive_after_days=30, as_of=date(2024, 4, 30)) as session:
            assert value(session, "retention_rate", "2024-04-01", "2024-04-02").denominator == 1

    def test_counts_local_days_so_that_summer_time_moves_nothing(self):
        """23:30 on 1 March in Berlin is the 31st day before 1 April, although summer time took an hour from it."""
        rows = [{"at": "2024-01-01", "amount": 1}, {"at": "2024-03-01T22:30:00", "customer": "ann", "amount": 1}]
        with company(orders=rows, inactive_after_days=31, time_zone="Europe/Berlin", as_of=date(2024, 4, 30)) as session:
            found = value(session, "churn_rate", "2024-04-01", "2024-04-02")
            assert (found.numerator, found.denominator) == (1, 1)

    def test_shows_who_joined_and_left_inside_beside(self):
        rows = [
            {"at": "2024-01-01", "amount": 1},
            {"at": "2024-02-20", "customer": "ann", "amount": 1},
            {"at": "2024-03-10", "customer": "bob", "amount": 1},
        ]
        with company(orders=rows, inactive_after_days=30, as_of=date(2024, 6, 30)) as session:
            found = value(session, "churn_rate", "2024-03-01", "2024-06-01")
            assert (found.numerator, found.denominator, found.beside) == (1, 1, {"joined_and_left": 1})

    def test_is_undefined_where_the_history_is_too_short(self, monthly):
        assert value(monthly, "churn_rate", "2023-12-15", "2024-01-15").as_dict()["undefined"] == "history_too_short"

    def test_of_cdnow_in_june_1998_is_948_of_3610(self, cdnow_session):
        """Counted once with plain Python from the file, without this library."""
        june = value(cdnow_session, "churn_rate", "1998-06-01", "1998-07-01")
        assert (june.numerator, june.denominator) == (948, 3610)


class TestByCancellation:
    ROWS = (
        {"at": "2024-01-05", "customer": "ann", "subscription": "s1", "mrr": 9000},
        {"at": "2024-01-05", "customer": "bob", "subscription": "s2", "mrr": 1000},
        {"at": "2024-02-10", "customer": "bob", "subscription": "s2", "mrr": 0, "change": "cancel"},
        {"at": "2024-01-05", "customer": "cyd", "subscription": "s3", "mrr": 0},
        {"at": "2024-02-20", "customer": "cyd", "subscription": "s3", "mrr": 0, "change": "pause"},
    )

    def test_lost_are_those_whose_subscriptions_stopped(self):
        with company(subscriptions=self.ROWS, as_of=date(2024, 2, 29)) as session:
            churn = value(session, "churn_rate", "2024-02-01", "2024-03-01")
            assert (churn.numerator, churn.denominator) == (2, 3)
            revenue = value(session, "revenue_churn_rate", "2024-02-01", "2024-03-01")
            assert (revenue.value, revenue.n) == (0.1, 2)
