"""Lift against gbstats 0.8.0 (frozen) and the published Hillstrom table."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from regulars.experiments.lift import Effect, Sample, difference, relative_difference
from regulars.metrics.estimates import Undefined

# Hillstrom (2008), MineThatData e-mail challenge: customers, visits, conversions; spend in dollars with its standard deviation.
CONTROL, MEN, WOMEN = 21306, 21307, 21387
VISITS = {"control": 2262, "men": 3894, "women": 3238}
CONVERSIONS = {"control": 122, "men": 267, "women": 189}


def spend(n, total, deviation):
    return Sample.of_sums(n, total, (n - 1) * deviation**2 + total**2 / n)


SPEND_CONTROL, SPEND_MEN = spend(CONTROL, 13908.33, 11.588200), spend(MEN, 30311.69, 17.754202)


class TestDifference:
    @pytest.mark.parametrize(
        ("counts", "arm", "n", "value", "low", "high"),
        [
            (VISITS, "men", MEN, 0.07658956365153125, 0.06995330334766282, 0.08322582395539967),
            (VISITS, "women", WOMEN, 0.045233106587052985, 0.03889364221554239, 0.05157257095856358),
            (CONVERSIONS, "men", MEN, 0.006805006519615695, 0.0050001131043204815, 0.008609899934910908),
            (CONVERSIONS, "women", WOMEN, 0.003111057511085258, 0.0014986301204937581, 0.004723484901676758),
        ],
    )
    def test_of_shares_equals_gbstats_on_hillstrom(self, counts, arm, n, value, low, high):
        effect = difference(Sample.of_share(n, counts[arm]), Sample.of_share(CONTROL, counts["control"]))
        assert (effect.value, effect.low, effect.high) == pytest.approx((value, low, high), rel=1e-9)

    def test_of_spend_equals_the_published_interval(self):
        """Men's e-mail: $.770 [.48514, 1.05451]."""
        effect = difference(SPEND_MEN, SPEND_CONTROL)
        assert (effect.value, effect.low, effect.high) == pytest.approx((0.76983, 0.48514, 1.05451), abs=5e-6)
        assert effect.p_value == pytest.approx(1.163811105264756e-07, rel=1e-6)

    def test_equals_welch_in_scipy(self):
        random = np.random.default_rng(1)
        a, b = random.gamma(2, 3, 40), random.gamma(2, 5, 25)
        effect, welch = difference(Sample.of_values(a), Sample.of_values(b)), stats.ttest_ind(a, b, equal_var=False)
        interval = welch.confidence_interval(0.95)
        assert (effect.low, effect.high, effect.p_value) == pytest.approx((interval.low, interval.high, welch.pvalue))

    def test_is_wider_at_higher_confidence(self):
        narrow, wide = (difference(SPEND_MEN, SPEND_CONTROL, confidence=level) for level in (0.9, 0.99))
        assert wide.low < narrow.low < narrow.high < wide.high

    @pytest.mark.parametrize(
        ("treatment", "control", "reason"),
        [
            (Sample(0, 0.0, 0.0), Sample(10, 1.0, 1.0), "no_data"),
            (Sample(10, 1.0, 1.0), Sample(0, 0.0, 0.0), "no_data"),
            (Sample(1, 1.0, 0.0), Sample(10, 1.0, 1.0), "one_customer"),
            (Sample(10, 5.0, 0.0), Sample(10, 1.0, 0.0), "all_alike"),
            (Sample.of_share(50, 0), Sample.of_share(50, 0), "all_alike"),
        ],
    )
    def test_is_undefined_where_nothing_can_be_said(self, treatment, control, reason):
        assert difference(treatment, control) == Undefined(reason)
        assert relative_difference(treatment, control) == Undefined(reason)


class TestRelativeDifference:
    @pytest.mark.parametrize(
        ("treatment", "control", "value", "low", "high"),
        [
            (Sample.of_share(MEN, 3894), Sample.of_share(CONTROL, 2262), 0.721404616781399, 0.6384137544801227, 0.8043954790826753),
            (Sample.of_share(WOMEN, 189), Sample.of_share(CONTROL, 122), 0.5433130436982172, 0.19323033080019036, 0.893395756596244),
            (SPEND_MEN, SPEND_CONTROL, 1.1792887703620056, 0.5442847857600701, 1.8142927549639412),
        ],
    )
    def test_equals_gbstats(self, treatment, control, value, low, high):
        effect = relative_difference(treatment, control)
        assert (effect.value, effect.low, effect.high) == pytest.approx((value, low, high), rel=1e-9)

    def test_after_an_adjustment_divides_by_the_plain_mean_as_gbstats_does(self):
        control, treatment = Sample(100, 4.0, 9.0, base=5.0), Sample(120, 5.0, 8.0, base=6.0)
        assert relative_difference(treatment, control).value == pytest.approx(1 / 5)

    def test_is_undefined_where_the_control_is_hardly_above_zero(self):
        assert relative_difference(Sample.of_share(100, 20), Sample.of_share(100, 2)) == Undefined("control_too_small")
        assert relative_difference(Sample.of_share(100, 20), Sample.of_share(100, 0)) == Undefined("zero_denominator")
        assert isinstance(difference(Sample.of_share(100, 20), Sample.of_share(100, 0)), Effect)


class TestSample:
    def test_of_values_and_of_sums_agree(self):
        values = np.array([1.0, 4.0, 4.0, 9.5])
        a, b = Sample.of_values(values), Sample.of_sums(4, values.sum(), (values**2).sum())
        assert (a.n, a.mean, a.variance) == pytest.approx((b.n, b.mean, b.variance))

    @pytest.mark.parametrize("values", [[], [3.0]])
    def test_of_too_few_has_no_variance(self, values):
        assert Sample.of_values(np.array(values)).variance == 0
        assert Sample.of_sums(len(values), sum(values), sum(v * v for v in values)).variance == 0
