"""Days between orders."""

from __future__ import annotations

import pytest

from tests.builders import company, value


class TestDaysBetweenOrders:
    def test_counts_gaps_that_end_in_the_window(self):
        days = {"ann": ("2024-01-25", "2024-02-04", "2024-02-04", "2024-02-24", "2024-03-01"), "bob": ("2024-02-01", "2024-02-02")}
        rows = [{"at": day, "customer": c, "amount": 100} for c, own in days.items() for day in own]
        with company(orders=rows) as session:
            found = value(session, "days_between_orders", "2024-02-01", "2024-03-01")
            assert (found.value, found.numerator, found.denominator) == (pytest.approx(31 / 3), 31, 3)
            assert found.beside == {"q25": 5.5, "q50": 10.0, "q75": 15.0}

    def test_counts_local_days(self):
        """Two orders 23 and a half hours apart over the change to summer time are one day apart."""
        rows = [
            {"at": "2024-03-30T22:45:00", "customer": "ann", "amount": 1},
            {"at": "2024-03-31T21:45:00", "customer": "ann", "amount": 1},
        ]
        with company(orders=rows, time_zone="Europe/Berlin") as session:
            assert value(session, "days_between_orders").value == 1.0
