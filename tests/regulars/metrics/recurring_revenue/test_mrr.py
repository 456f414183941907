"""Monthly recurring revenue, and what of it was kept: the same subscriptions seen three ways."""

from __future__ import annotations

from datetime import date

import pytest

from regulars import metrics
from tests.builders import company, value, values

ROWS = (
    {"at": "2024-01-01", "customer": "stays", "subscription": "s1", "mrr": 10000, "plan": "small"},
    {"at": "2024-01-01", "customer": "grows", "subscription": "s2", "mrr": 10000, "plan": "small"},
    {"at": "2024-02-10", "customer": "grows", "subscription": "s2", "mrr": 15000, "plan": "large", "change": "upgrade"},
    {"at": "2024-01-01", "customer": "leaves", "subscription": "s3", "mrr": 10000, "plan": "small"},
    {"at": "2024-02-15", "customer": "leaves", "subscription": "s3", "mrr": 0, "plan": "small", "change": "cancel"},
    {"at": "2024-02-20", "customer": "joins", "subscription": "s4", "mrr": 7000, "plan": "large"},
    {
        "at": "2024-01-15",
        "effective_at": "2024-06-01",
        "customer": "stays",
        "subscription": "s1",
        "mrr": 0,
        "plan": "small",
        "change": "cancel",
    },
)


@pytest.fixture(scope="module")
def subscriptions():
    with company(subscriptions=ROWS, as_of=date(2024, 3, 31)) as session:
        yield session


class TestMrr:
    def test_is_what_runs_at_the_end_of_the_window(self, subscriptions):
        found = values(subscriptions, "mrr", "2024-01-01", "2024-04-01", "month")
        assert [v.value for v in found.values()] == [300.00, 320.00, 320.00]

    def test_is_grouped_by_plan(self, subscriptions):
        found = values(subscriptions, "mrr", "2024-02-01", "2024-03-01", group_by="plan")
        assert {plan: v.value for plan, v in found.items()} == {"small": 100.00, "large": 220.00}

    def test_ends_with_the_term_and_its_grace(self):
        rows = [{"at": "2024-01-01", "customer": "ann", "subscription": "s1", "mrr": 100, "term_end": "2024-02-01"}]
        with company(subscriptions=rows, renewal_grace_days=14, as_of=date(2024, 3, 31)) as session:
            assert value(session, "mrr", "2024-01-01", "2024-02-15").value == 0.0
            assert value(session, "mrr", "2024-01-01", "2024-02-14").value == 1.0


class TestRevenueRetention:
    def test_net_counts_upgrades_and_gross_does_not(self, subscriptions):
        """Three customers at 100: one leaves, one stays, one goes up to 150."""
        net = value(subscriptions, "net_revenue_retention", "2024-02-01", "2024-03-01")
        gross = value(subscriptions, "gross_revenue_retention", "2024-02-01", "2024-03-01")
        assert (net.numerator, net.denominator) == (250.00, 300.00)
        assert (gross.numerator, gross.denominator) == (200.00, 300.00)

    def test_without_a_start_is_over_the_twelve_months_before_as_of(self, subscriptions):
        card = metrics.metric("net_revenue_retention").card
        (year,) = metrics.default_windows(subscriptions, card, None, None, None)
        assert (str(year.start), str(year.end)) == ("2023-04-01", "2024-04-01")
