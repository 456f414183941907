"""Refund rate."""

from __future__ import annotations

from tests.builders import company, value


class TestRefundRate:
    def test_is_over_the_value_of_orders_not_cancelled(self):
        rows = [
            {"at": "2024-01-10", "customer": "ann", "amount": 8000, "order": "o1"},
            {"at": "2024-01-11", "customer": "bob", "amount": 2000, "order": "o2"},
            {"at": "2024-05-11", "customer": "bob", "amount": -1500, "order": "o2", "kind": "refund"},
            {"at": "2024-01-12", "customer": "cyd", "amount": 9000, "order": "o3"},
            {"at": "2024-01-13", "customer": "cyd", "amount": -9000, "order": "o3", "kind": "cancellation"},
        ]
        with company(orders=rows) as session:
            january = value(session, "refund_rate", "2024-01-01", "2024-02-01")
            assert (january.value, january.numerator, january.denominator) == (0.15, 15.00, 100.00)

    def test_of_orders_given_back_in_full_is_one(self):
        rows = [{"at": "2024-01-10", "amount": 8000, "order": "o1"}, {"at": "2024-01-11", "amount": -8000, "order": "o1", "kind": "refund"}]
        with company(orders=rows) as session:
            assert value(session, "refund_rate").value == 1.0
