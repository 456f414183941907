"""Both purchase models anywhere within the bounds of their parameters, the corners included: an answer that can be true."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.predictions.clv import Histories, bg_nbd, pareto_nbd
from regulars.predictions.clv.histories import collapse

X = np.array([0, 0, 1, 2, 30, 4000, 0, 3, 1])
RECENCY = np.array([0, 0, 1, 5000, 40, 5000, 0, 3, 100])
AGE = np.array([0, 9000, 146_000, 5000, 41, 6000, 1, 3, 100])
MODELS = [
    (bg_nbd.BgNbd, bg_nbd.BgNbdLikelihood, bg_nbd.BOUNDS),
    (pareto_nbd.ParetoNbd, pareto_nbd.ParetoNbdLikelihood, pareto_nbd.BOUNDS),
]


def points(bounds: tuple[tuple[float, float], ...], how_many: int) -> np.ndarray:
    """Logarithms of parameters, three in ten of them at a bound."""
    random, limits = np.random.default_rng(1), np.log(np.array(bounds))
    inside = random.uniform(limits[:, 0], limits[:, 1], (how_many, len(bounds)))
    low, high = random.random(inside.shape) < 0.15, random.random(inside.shape) > 0.85
    return np.where(low, limits[:, 0], np.where(high, limits[:, 1], inside))


@pytest.mark.suite
class TestWithinBounds:
    @pytest.mark.parametrize(("model", "likelihood", "bounds"), MODELS)
    def test_likelihood_and_gradient_are_numbers(self, model, likelihood, bounds) -> None:
        of = likelihood(collapse(Histories(X, RECENCY, AGE, np.zeros(len(X)))))
        for logs in points(bounds, 400):
            value, gradient = of(logs)
            assert np.isfinite(value)
            assert np.all(np.isfinite(gradient))

    @pytest.mark.parametrize(("model", "likelihood", "bounds"), MODELS)
    def test_answers_can_be_true(self, model, likelihood, bounds) -> None:
        for logs in points(bounds, 400):
            one = model(*np.exp(logs))
            alive = one.alive(X, RECENCY, AGE)
            assert np.all((alive >= 0) & (alive <= 1))
            for days in (0.0, 1e-3, 90.0, 1e6):
                orders, staying, ordering = (f(X, AGE, days) for f in (one.orders, one.orders_staying, one.order_within))
                assert np.all((orders >= 0) & (orders <= staying * (1 + 1e-9)))
                assert np.all((ordering >= 0) & (ordering <= np.minimum(1, orders * (1 + 1e-6) + 1e-9)))
            for share in (0.0, 0.3, 0.99, 1.0, 5.0):
                assert np.all(one.days_until(X, AGE, np.full(len(X), share)) >= 0)
            counts = one.counts(np.array([0.0, 1, 300, 1e5]), 7)
            assert np.all(counts >= 0)
            assert counts.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-8)
