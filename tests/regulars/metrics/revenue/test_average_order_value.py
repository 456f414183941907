"""Average order value."""

from __future__ import annotations

import math

import pytest

from tests.builders import company, value


class TestAverageOrderValue:
    def test_books_refunds_on_their_order(self):
        rows = [
            {"at": "2024-01-10", "customer": "ann", "amount": 1000, "order": "o1"},
            {"at": "2024-01-11", "customer": "bob", "amount": 3000, "order": "o2"},
            {"at": "2024-03-11", "customer": "bob", "amount": -1000, "order": "o2", "kind": "refund"},
        ]
        with company(orders=rows) as session:
            january = value(session, "average_order_value", "2024-01-01", "2024-02-01")
            assert (january.value, january.numerator, january.denominator) == (15.00, 30.00, 2)

    def test_interval_is_clustered_by_customer(self):
        rows = [{"at": "2024-01-10", "customer": c, "amount": a} for c, a in (("ann", 1000), ("ann", 1000), ("bob", 3000), ("cyd", 5000))]
        with company(orders=rows) as session:
            found = value(session, "average_order_value")
        # mean 25; residuals by customer -30, 5, 25; var = 3/2 x (900 + 25 + 625) / 16
        half = 1.959963984540054 * math.sqrt(1.5 * (900 + 25 + 625) / 16)
        assert found.value == 25.0
        assert (found.low, found.high) == pytest.approx((25 - half, 25 + half))
        assert found.n == 3

    def test_orders_of_nobody_are_clusters_of_their_own(self):
        rows = [{"at": "2024-01-10", "amount": a} for a in (1000, 3000)]
        with company(orders=rows) as session:
            assert value(session, "average_order_value").n == 2

    def test_returns_without_a_link_are_booked_on_the_latest_earlier_purchase(self):
        orders = [
            {"at": "2024-01-10", "customer": "ann", "amount": 1000, "order": "o1"},
            {"at": "2024-01-20", "customer": "ann", "amount": 1000, "order": "o2"},
            {"at": "2024-01-25", "customer": "ann", "amount": -500, "order": "r1", "kind": "refund", "linked": False},
        ]
        lines = [
            {"at": "2024-01-10", "customer": "ann", "order": "o1", "quantity": 2.0, "amount": 1000},
            {"at": "2024-01-20", "customer": "ann", "order": "o2", "quantity": 2.0, "amount": 1000},
            {"at": "2024-01-25", "customer": "ann", "order": "r1", "quantity": -1.0, "amount": -500, "kind": "refund"},
        ]
        with company(orders=orders, order_lines=lines) as session:
            assert value(session, "average_order_value", "2024-01-15", "2024-02-01").value == 5.00
            assert value(session, "average_order_value", "2024-01-01", "2024-01-15").value == 10.00
