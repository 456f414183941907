"""The steps from kept orders to revenue."""

from __future__ import annotations

from regulars.reports.quality import order_quality
from tests.builders import company
from tests.companies import nasty
from tests.regulars.reports.conftest import session_of


class TestOrderQuality:
    def test_adds_up_from_kept_orders_to_revenue(self):
        orders = [
            {"at": "2024-01-05", "customer": "ann", "order": "o1", "amount": 1000},
            {"at": "2024-01-06", "customer": "ann", "order": "o1", "amount": -200, "kind": "refund"},
            {"at": "2024-01-05", "customer": "ben", "order": "o2", "amount": 500},
            {"at": "2024-01-07", "customer": "ben", "order": "o2", "amount": -500, "kind": "cancellation"},
            {"at": "2024-01-08", "customer": "cid", "order": "r1", "amount": -70, "kind": "refund", "linked": False},
            {"at": "2024-01-09", "customer": None, "order": "a1", "amount": -30, "kind": "adjustment", "linked": False},
            {"at": "2024-01-09", "customer": None, "order": "o3", "amount": 0},
        ]
        with company(orders=orders) as session:
            found = order_quality(session)
        assert dict(found.bridge) == {"kept": 800, "unlinked": -70, "adjustments": -30, "revenue": 700}
        assert ("not_kept", 2, 500) in found.kinds
        assert ("anonymous", 1, 0) in found.kinds

    def test_adds_up_for_the_nasty_company(self):
        with session_of(nasty.nasty(), nasty.RULES) as session:
            found = order_quality(session)
        steps = dict(found.bridge)
        assert sum(minor for name, minor in steps.items() if name != "revenue") == steps["revenue"]
        assert steps["revenue"] == sum(
            minor for kind, _, minor in found.kinds if kind in {"purchase", "refund", "cancellation", "adjustment"}
        )
