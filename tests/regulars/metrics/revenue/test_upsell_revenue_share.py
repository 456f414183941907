"""Upsell revenue share."""

from __future__ import annotations

from datetime import date

import pytest

from tests.builders import company, value


def subscription(name, customer, mrr, at="2024-01-01", change="start"):
    return {"at": at, "customer": customer, "subscription": name, "mrr": mrr, "change": change}


def share_of(upgraded, total):
    rows = [subscription("s1", "ann", total - upgraded), subscription("s1", "ann", total, "2024-02-01", "upgrade")]
    with company(subscriptions=rows, as_of=date(2024, 3, 1)) as session:
        return value(session, "upsell_revenue_share")


class TestUpsellRevenueShareOfSubscriptions:
    def test_counts_upgrades_and_second_subscriptions(self):
        rows = [
            subscription("s1", "ann", 1000),
            subscription("s1", "ann", 1500, "2024-02-01", "upgrade"),
            subscription("s2", "ann", 700, "2024-02-10"),
            subscription("s3", "bob", 2800),
            subscription("s3", "bob", 2000, "2024-02-10", "downgrade"),
            subscription("s4", "cyd", 800),
            subscription("s4", "cyd", 0, "2024-02-20", "cancel"),
            {"at": "2024-02-01", "subscription": "s5", "mrr": 800},
        ]
        with company(subscriptions=rows, as_of=date(2024, 3, 1)) as session:
            found = value(session, "upsell_revenue_share")
            assert (found.numerator, found.denominator, found.value) == (12.00, 50.00, 0.24)
            assert (found.band, found.beside["basis"]) == ("young company", "subscriptions")

    def test_of_two_begun_on_one_day_takes_the_one_with_the_smaller_id_as_the_first(self):
        rows = [subscription("s2", "ann", 900), subscription("s1", "ann", 100)]
        with company(subscriptions=rows, as_of=date(2024, 3, 1)) as session:
            assert value(session, "upsell_revenue_share").value == 0.9

    @pytest.mark.parametrize(
        ("upgraded", "band"),
        [
            (900, "below a young company"),
            (1000, "young company"),
            (3000, "young company"),
            (3100, "between"),
            (4900, "between"),
            (5000, "experienced company"),
        ],
    )
    def test_stands_in_the_bands_of_the_requirements(self, upgraded, band):
        """Requirements M-28: new companies 10-30 %, experienced ones approach 50 % or more."""
        assert share_of(upgraded, 10000).band == band


class TestUpsellRevenueShareOfOrders:
    def test_counts_categories_that_the_first_order_did_not_hold(self):
        orders = [
            {"at": "2024-01-10", "customer": "ann", "amount": 1000, "order": "o1"},
            {"at": "2024-01-20", "customer": "ann", "amount": 4000, "order": "o2"},
            {"at": "2024-01-21", "amount": 9000, "order": "o3"},
        ]
        lines = [
            {"at": "2024-01-10", "customer": "ann", "order": "o1", "amount": 1000, "category": "books"},
            {"at": "2024-01-20", "customer": "ann", "order": "o2", "amount": 1000, "category": "books"},
            {"at": "2024-01-20", "customer": "ann", "order": "o2", "amount": 2000, "category": "games"},
            {"at": "2024-01-20", "customer": "ann", "order": "o2", "amount": 1000, "category": None, "product_id": None},
            {"at": "2024-01-21", "order": "o3", "amount": 9000, "category": "games"},
        ]
        with company(orders=orders, order_lines=lines) as session:
            found = value(session, "upsell_revenue_share")
            assert (found.numerator, found.denominator, found.value, found.excluded) == (20.00, 40.00, 0.5, 1)
            assert found.beside["basis"] == "order lines"
