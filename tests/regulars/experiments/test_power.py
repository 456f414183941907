"""The planner against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from regulars.errors import ArgumentRefused
from regulars.experiments.power import (
    Plan,
    customers_for_difference,
    customers_for_points,
    detectable_difference,
    detectable_points,
)
from regulars.metrics.estimates import Undefined


def power_by_enumeration(n, share_control, share_treatment):
    """The chance that the unpooled test of two shares with n each is significant, over all pairs of counts."""
    counts = np.arange(n + 1)
    a, b = counts[:, None] / n, counts[None, :] / n
    error = np.sqrt((a * (1 - a) + b * (1 - b)) / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        significant = np.where(error > 0, (b - a) / error > 1.959964, b > a)
    return float(
        (stats.binom.pmf(counts, n, share_control)[:, None] * stats.binom.pmf(counts, n, share_treatment)[None, :])[significant].sum()
    )


class TestDetectablePoints:
    def test_has_the_promised_power(self):
        rise = detectable_points(1200, 0.2)
        assert power_by_enumeration(600, 0.2, 0.2 + rise) == pytest.approx(0.8, abs=0.015)

    def test_turns_round_the_number_of_customers(self):
        for plan in (Plan(), Plan(treatment_share=0.9, variance_reduction=0.3, any_time=True, power=0.9)):
            needed = customers_for_points(0.021, 0.05, plan)
            assert detectable_points(needed, 0.05, plan) == pytest.approx(0.021, rel=1e-3)

    def test_needs_more_customers_for_looking_at_any_time(self):
        assert customers_for_points(0.02, 0.1, Plan(any_time=True)) > 1.8 * customers_for_points(0.02, 0.1)

    def test_counts_the_variance_that_is_taken_away(self):
        assert customers_for_points(0.02, 0.1, Plan(variance_reduction=0.447)) == pytest.approx(0.553 * 7677, abs=2)

    @pytest.mark.parametrize(
        ("customers", "baseline", "reason"), [(3, 0.1, "too_few"), (4, 0.9, "too_few"), (100, 0.0, "all_alike"), (100, 1.0, "all_alike")]
    )
    def test_is_undefined_where_nothing_can_be_detected(self, customers, baseline, reason):
        assert detectable_points(customers, baseline) == Undefined(reason)


class TestDetectableDifference:
    def test_has_the_promised_power(self):
        """By the noncentral normal: a true difference of that size lies z(power) beyond the border."""
        difference = detectable_difference(3_000, 10.0)
        error = 10 * np.sqrt(2 / 1500)
        assert stats.norm.sf(1.959964 - difference / error) == pytest.approx(0.8, abs=1e-6)

    def test_turns_round_the_number_of_customers(self):
        plan = Plan(treatment_share=0.3)
        needed = customers_for_difference(0.5, 8.0, plan)
        assert detectable_difference(needed, 8.0, plan) == pytest.approx(0.5, rel=1e-3)

    def test_is_undefined_where_nothing_can_be_detected(self):
        assert detectable_difference(3, 1.0) == Undefined("too_few")
        assert detectable_difference(100, 0.0) == Undefined("all_alike")
        assert customers_for_difference(0.0, 1.0) == Undefined("all_alike")
        assert customers_for_points(0.5, 0.8) == Undefined("all_alike")
        assert customers_for_difference(1e-9, 1.0) == Undefined("too_many")
        assert customers_for_points(1e-9, 0.1) == Undefined("too_many")


class TestPlan:
    @pytest.mark.parametrize("field", ["treatment_share", "confidence", "power", "variance_reduction"])
    def test_refuses_shares_beyond_one(self, field):
        with pytest.raises(ArgumentRefused, match=field):
            Plan(**{field: 1.0})
