"""Repeat purchase rate."""

from __future__ import annotations

from tests.builders import company, value


class TestRepeatPurchaseRate:
    def test_counts_two_orders_of_one_day(self):
        days = {
            "ann": ("2024-01-10", "2024-01-10"),
            "bob": ("2024-01-10", "2024-02-10"),
            "cyd": ("2024-01-11",),
            "dan": ("2024-01-12", "2024-01-13"),
        }
        rows = [{"at": day, "customer": c, "amount": 100} for c, own in days.items() for day in own]
        with company(orders=rows) as session:
            found = value(session, "repeat_purchase_rate", "2024-01-01", "2024-02-01")
            assert (found.value, found.numerator, found.denominator) == (0.5, 2, 4)
