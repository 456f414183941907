"""Confidence sequences against gbstats 0.8.0 (frozen) and against their defining property."""

from __future__ import annotations

import math

import pytest

from regulars.experiments.lift import Sample, difference
from regulars.experiments.sequential import critical_value, difference_at_any_time, mixing_variance, relative_difference_at_any_time
from regulars.metrics.estimates import Undefined
from tests.regulars.experiments.test_lift import CONTROL, MEN, SPEND_CONTROL, SPEND_MEN


class TestDifferenceAtAnyTime:
    def test_equals_gbstats_on_spend(self):
        """[.302, 1.238] when tuned at 5,000."""
        effect = difference_at_any_time(SPEND_MEN, SPEND_CONTROL, planned=5000)
        assert (effect.low, effect.high) == pytest.approx((0.3020656902274221, 1.2375886215616507), rel=1e-9)
        assert effect.p_value == pytest.approx(8.075348465008062e-06, rel=1e-6)

    def test_equals_gbstats_on_shares(self):
        effect = difference_at_any_time(Sample.of_share(MEN, 267), Sample.of_share(CONTROL, 122), planned=5000)
        assert (effect.low, effect.high) == pytest.approx((0.0038394371866489886, 0.0097705758525824), rel=1e-9)

    def test_in_per_cent_equals_gbstats(self):
        effect = relative_difference_at_any_time(Sample.of_share(MEN, 3894), Sample.of_share(CONTROL, 2262), planned=5000)
        assert (effect.low, effect.high) == pytest.approx((0.5850443407042254, 0.8577648928585726), rel=1e-9)

    def test_contains_the_fixed_interval(self):
        for planned in (10, 1000, 42613, 10**6):
            any_time, fixed = difference_at_any_time(SPEND_MEN, SPEND_CONTROL, planned=planned), difference(SPEND_MEN, SPEND_CONTROL)
            assert any_time.low < fixed.low < fixed.high < any_time.high

    def test_is_undefined_where_the_difference_is(self):
        assert difference_at_any_time(Sample(0, 0, 0), SPEND_CONTROL, planned=10) == Undefined("no_data")


class TestCriticalValue:
    def test_is_smallest_near_the_planned_size(self):
        """The published tuning is approximate: the minimum lies within a tenth of a per cent of it."""
        at_plan = critical_value(10_000, 10_000)
        relative_widths = {n: critical_value(n, 10_000) / math.sqrt(n) for n in (9_000, 10_000, 11_000)}
        assert min(critical_value(10_000, planned) for planned in range(5_000, 20_000, 100)) >= at_plan * 0.999
        assert sorted(relative_widths.values(), reverse=True) == list(relative_widths.values())

    def test_solves_the_mixture_martingale(self):
        """At the border the normal mixture of likelihood ratios equals 1 / alpha (Robbins 1970): integrated by hand."""
        n, planned, alpha = 700, 1000, 0.05
        rho2 = mixing_variance(planned, alpha)
        border = critical_value(n, planned, alpha) * math.sqrt(n)
        step = 1e-3
        rho = math.sqrt(rho2)
        total = 0.0
        for k in range(-12_000, 12_001):
            theta = k * step * rho
            total += math.exp(theta * border - n * theta * theta / 2 - theta * theta / (2 * rho2)) * step
        assert total / math.sqrt(2 * math.pi) == pytest.approx(1 / alpha, rel=1e-6)
