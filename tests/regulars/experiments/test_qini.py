"""The Qini curve against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.experiments.qini import coefficient, curve, qini


def by_hand(outcome, treated, score):
    """The curve and its area, point by point from the definition."""
    order = sorted(range(len(score)), key=lambda i: (-score[i], i))
    everybody = sum(treated)
    points = []
    for k in range(1, len(order) + 1):
        first = order[:k]
        n_t, n_c = sum(bool(treated[i]) for i in first), sum(not treated[i] for i in first)
        y_t, y_c = sum(outcome[i] for i in first if treated[i]), sum(outcome[i] for i in first if not treated[i])
        points.append((y_t - y_c * n_t / n_c) / everybody if n_c else 0.0)
    n = len(order)
    return points, sum(point - (k + 1) / n * points[-1] for k, point in enumerate(points)) / n


def some(seed, n=60):
    random = np.random.default_rng(seed)
    return (random.random(n) < 0.4).astype(float), random.random(n) < 0.5, random.integers(0, 20, n).astype(float)


class TestCurve:
    @pytest.mark.parametrize("seed", range(5))
    def test_agrees_with_brute_force(self, seed):
        outcome, treated, score = some(seed)
        points, area = by_hand(outcome.tolist(), treated.tolist(), score.tolist())
        assert curve(outcome, treated, score).tolist() == pytest.approx(points)
        assert coefficient(outcome, treated, score) == pytest.approx(area)

    def test_with_weights_is_that_of_repeated_customers(self):
        outcome, treated, score = some(6)
        score = score + np.arange(60) / 1000
        weights = np.random.default_rng(7).integers(0, 4, 60)
        repeated = np.repeat(np.arange(60), weights)
        ends = curve(outcome, treated, score, weights)[-1], curve(outcome[repeated], treated[repeated], score[repeated])[-1]
        assert ends[0] == pytest.approx(ends[1])

    def test_ends_at_the_effect_of_treating_everybody(self):
        outcome, treated, score = some(8)
        assert curve(outcome, treated, score)[-1] == pytest.approx(outcome[treated].mean() - outcome[~treated].mean())

    def test_of_nobody_is_empty(self):
        assert coefficient(np.zeros(0), np.zeros(0, bool), np.zeros(0)) == 0


class TestCoefficient:
    def test_is_positive_for_the_truth_and_negative_for_its_opposite(self):
        random = np.random.default_rng(9)
        n = 4000
        helps, treated = np.arange(n) % 2 == 0, random.random(n) < 0.5
        outcome = (random.random(n) < 0.2 + 0.3 * (helps & treated)).astype(float)
        assert coefficient(outcome, treated, helps) > 0.02
        assert coefficient(outcome, treated, ~helps) < -0.02


class TestQini:
    def test_has_an_interval_around_the_coefficient(self):
        outcome, treated, score = some(10, 400)
        found = qini(outcome, treated, score, seed=1)
        assert found.low < found.value < found.high
        assert found == qini(outcome, treated, score, seed=1)
        assert found.value == pytest.approx(coefficient(outcome, treated, score))

    def test_over_blocks_is_the_mean_of_theirs(self):
        outcome, treated, score = some(12, 300)
        block = np.repeat([-1, 0, 1], [100, 150, 50])
        parts = [coefficient(outcome[block == at], treated[block == at], score[block == at]) for at in (0, 1)]
        assert qini(outcome, treated, score, block).value == pytest.approx(np.average(parts, weights=[150, 50]))

    def test_of_chance_includes_zero(self):
        random = np.random.default_rng(11)
        outcome, treated = random.random(2000) < 0.3, random.random(2000) < 0.5
        assert not qini(outcome.astype(float), treated, random.random(2000)).is_learnable
