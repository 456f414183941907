"""New customers."""

from __future__ import annotations

from tests.builders import company, value, values


class TestNewCustomers:
    def test_is_undefined_where_all_would_look_new(self, cdnow_session):
        found = values(cdnow_session, "new_customers", "1997-01-01", "1998-07-01", "month")
        assert [v.as_dict()["undefined"] for v in found.values()][:5] == ["history_too_short"] * 3 + [None] * 2

    def test_counts_first_kept_orders(self):
        rows = [
            {"at": "2024-01-01", "customer": "ann", "amount": 100},
            {"at": "2024-02-10", "customer": "ann", "amount": 100},
            {"at": "2024-02-11", "customer": "bob", "amount": 100, "order": "cancelled"},
            {"at": "2024-02-11", "customer": "bob", "amount": -100, "order": "cancelled", "kind": "cancellation"},
            {"at": "2024-02-12", "customer": "cyd", "amount": 100},
        ]
        with company(orders=rows, inactive_after_days=30) as session:
            assert value(session, "new_customers", "2024-02-01", "2024-03-01").value == 1
