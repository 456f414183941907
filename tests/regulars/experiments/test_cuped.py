"""CUPED against gbstats 0.8.0 (frozen) and ordinary least squares."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.experiments.cuped import adjust
from regulars.experiments.lift import Sample, difference, relative_difference


def small():
    x0, x1 = np.array([float((7 * i) % 11) for i in range(40)]), np.array([float((5 * i) % 13) for i in range(36)])
    y0 = 2 * x0 + np.array([float((3 * i) % 7) for i in range(40)])
    y1 = 2 * x1 + 1.5 + np.array([float((4 * i) % 9) for i in range(36)])
    return (x0, y0), (x1, y1)


class TestAdjust:
    def test_with_the_slope_of_gbstats_gives_its_intervals(self):
        """Over both arms together, as gbstats takes it; ours is the one within arms. The rest is the same."""
        (x0, y0), (x1, y1) = small()
        x, y = np.concatenate([x0, x1]), np.concatenate([y0, y1])
        slope = np.cov(x, y)[0, 1] / np.var(x, ddof=1)
        control, treatment = (
            Sample(len(b), b.mean() - slope * a.mean(), np.var(b - slope * a, ddof=1), base=b.mean()) for a, b in ((x0, y0), (x1, y1))
        )
        effect, relative = difference(treatment, control), relative_difference(treatment, control)
        assert (effect.value, effect.low, effect.high) == pytest.approx((2.4262801143579242, 1.3399609562119041, 3.5125992725039445))
        assert (relative.value, relative.low, relative.high) == pytest.approx(
            (0.18485943728441329, 0.09200294535178884, 0.27771592921703775)
        )
        assert difference(*adjust([y1, y0], [x1, x0]).samples).value == pytest.approx(effect.value, abs=0.05)

    def test_takes_the_slope_within_arms_as_regression_on_arm_and_covariate_does(self):
        (x0, y0), (x1, y1) = small()
        arm = np.repeat([0.0, 1.0], [40, 36])
        design = np.column_stack([np.ones(76), arm, np.concatenate([x0, x1])])
        _one, effect, slope = np.linalg.lstsq(design, np.concatenate([y0, y1]), rcond=None)[0]
        adjusted = adjust([y1, y0], [x1, x0])
        assert adjusted.coefficient == pytest.approx(slope)
        assert difference(*adjusted.samples).value == pytest.approx(effect)

    def test_gives_missing_covariates_the_mean_and_a_flag(self):
        random = np.random.default_rng(2)
        x, arm = random.normal(size=400), np.arange(400) % 2
        y = 3 * x + arm + random.normal(size=400)
        gone = random.random(400) < 0.3
        y[gone] += 5  # those without a covariate are another kind of customer
        given = np.where(gone, np.nan, x)
        adjusted = adjust([y[arm == 1], y[arm == 0]], [given[arm == 1], given[arm == 0]])
        filled = np.where(gone, x[~gone].mean(), x)
        design = np.column_stack([np.ones(400), arm, filled, gone])
        assert difference(*adjusted.samples).value == pytest.approx(np.linalg.lstsq(design, y, rcond=None)[0][1])
        assert adjusted.missing_share == pytest.approx(gone.mean())

    @pytest.mark.parametrize("covariate", [np.nan, 7.0])
    def test_changes_nothing_where_the_covariate_says_nothing(self, covariate):
        (_x0, y0), (_x1, y1) = small()
        adjusted = adjust([y1, y0], [np.full(36, covariate), np.full(40, covariate)])
        assert adjusted.variance_reduction == 0
        for sample, values in zip(adjusted.samples, (y1, y0), strict=True):
            plain = Sample.of_values(values)
            assert (sample.n, sample.mean, sample.variance) == pytest.approx((plain.n, plain.mean, plain.variance))

    def test_reports_the_squared_correlation_as_variance_reduction(self):
        random = np.random.default_rng(3)
        x = random.normal(size=20_000)
        y = x + random.normal(size=20_000)
        assert adjust([y[::2], y[1::2]], [x[::2], x[1::2]]).variance_reduction == pytest.approx(0.5, abs=0.02)

    @pytest.mark.parametrize("sizes", [(0, 0), (0, 3), (1, 1), (1, 5)])
    def test_answers_for_arms_of_hardly_anybody(self, sizes):
        adjusted = adjust([np.arange(float(n)) for n in sizes], [np.arange(float(n)) for n in sizes])
        assert [sample.n for sample in adjusted.samples] == list(sizes)
        assert all(np.isfinite([sample.mean, sample.variance]).all() for sample in adjusted.samples)
