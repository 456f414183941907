"""Number of orders."""

from __future__ import annotations

from tests.builders import company, value


class TestOrders:
    def test_leaves_out_what_was_cancelled_or_given_back_in_full(self):
        rows = [
            {"at": "2024-01-10", "customer": "ann", "amount": 10000, "order": "kept"},
            {"at": "2024-01-11", "amount": 500, "order": "nobody's"},
            {"at": "2024-01-12", "customer": "ann", "amount": 2000, "order": "cancelled"},
            {"at": "2024-03-12", "customer": "ann", "amount": -2000, "order": "cancelled", "kind": "cancellation"},
            {"at": "2024-01-13", "customer": "bob", "amount": 3000, "order": "given back"},
            {"at": "2024-02-13", "customer": "bob", "amount": -3000, "order": "given back", "kind": "refund"},
            {"at": "2024-01-14", "customer": "bob", "amount": 0, "order": "free"},
        ]
        with company(orders=rows) as session:
            assert value(session, "orders", "2024-01-01", "2024-02-01").value == 2

    def test_is_zero_in_a_window_without_orders(self):
        with company(orders=[{"at": "2024-01-10", "amount": 1}]) as session:
            assert value(session, "orders", "2023-01-01", "2023-02-01").value == 0

    def test_of_cdnow_leaves_out_the_80_worth_nothing(self, cdnow_session):
        """69,659 rows, 80 of them of 0.00: shared/data/cdnow/README.md."""
        assert value(cdnow_session, "orders").value == 69_659 - 80
