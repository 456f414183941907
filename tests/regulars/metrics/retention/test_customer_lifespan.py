"""Customer lifespan."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, strategies as st

from regulars.metrics.retention.customer_lifespan import restricted_mean
from tests.builders import company, value


def kaplan_meier_area(durations):
    """From the definition, one customer at a time: the area under the product of (1 - ended / at risk)."""
    area, survival, before = 0.0, 1.0, 0
    for at in sorted({d for d, _ in durations}):
        area += survival * (at - before)
        at_risk = sum(d >= at for d, _ in durations)
        survival *= 1 - sum(d == at and ended for d, ended in durations) / at_risk
        before = at
    return area


class TestRestrictedMean:
    def test_of_complete_durations_is_their_mean_with_the_variance_of_a_mean(self):
        durations = [3, 8, 8, 20]
        area, variance = restricted_mean([(3, 1, 1), (8, 2, 2), (20, 1, 1)])
        assert area == pytest.approx(np.mean(durations))
        assert variance == pytest.approx(np.var(durations) / 4)

    @given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=40))
    def test_is_the_area_under_the_curve(self, durations):
        steps = [
            (at, sum(d == at and e for d, e in durations), sum(d == at for d, _ in durations)) for at in sorted({d for d, _ in durations})
        ]
        assert restricted_mean(steps)[0] == pytest.approx(kaplan_meier_area(durations))


class TestByInactivity:
    ROWS = tuple(
        {"at": day, "customer": c, "amount": 100}
        for c, own in {
            "once": ("2024-01-01",),
            "twice": ("2024-01-01", "2024-01-21"),
            "there": ("2024-02-10", "2024-04-10"),
            "late": ("2024-04-20",),
        }.items()
        for day in own
    )

    def test_one_time_buyers_count_and_the_living_are_cut_off(self):
        with company(orders=self.ROWS, inactive_after_days=30, as_of=date(2024, 4, 29)) as session:
            found = value(session, "customer_lifespan")
            # once 30, twice 50, there cut off at 30 April - 10 February = 80, late at 10
            assert found.value == pytest.approx(kaplan_meier_area([(30, True), (50, True), (80, False), (10, False)]) / 365)
            assert (found.n, found.beside["ended"], found.beside["still_there"]) == (4, 2, 2)
            assert found.interval_method == "greenwood"

    def test_of_a_past_window_knows_nothing_later(self):
        with company(orders=self.ROWS, inactive_after_days=30, as_of=date(2024, 4, 29)) as session:
            found = value(session, "customer_lifespan", "2024-01-01", "2024-02-01")
            assert found.value == pytest.approx(kaplan_meier_area([(30, True), (31, False)]) / 365)


class TestByCancellation:
    ROWS = (
        {"at": "2024-01-01", "customer": "ann", "subscription": "s1", "mrr": 100},
        {"at": "2024-01-31", "customer": "ann", "subscription": "s1", "mrr": 0, "change": "cancel"},
        {"at": "2024-01-01", "customer": "bob", "subscription": "s2", "mrr": 100},
        {"at": "2024-01-11", "customer": "bob", "subscription": "s2", "mrr": 0, "change": "pause"},
        {"at": "2024-02-20", "effective_at": "2024-03-01", "customer": "bob", "subscription": "s2", "mrr": 100, "change": "resume"},
    )

    def test_ends_where_no_subscription_runs_any_more(self):
        with company(subscriptions=self.ROWS, as_of=date(2024, 2, 29)) as session:
            found = value(session, "customer_lifespan")
            # bob began again on the very day of as-of, and is watched for 60 days
            assert found.value == pytest.approx(kaplan_meier_area([(30, True), (60, False)]) / 365)
