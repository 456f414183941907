"""Pareto/NBD against the published table, an adding up over a grid, and `lifetimes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from regulars.predictions.clv import Histories, fit
from regulars.predictions.clv.histories import collapse
from regulars.predictions.clv.overlap import overlap
from regulars.predictions.clv.pareto_nbd import ParetoNbd, ParetoNbdLikelihood, fit_pareto_nbd
from tests.regulars.predictions.clv import brute_force, cdnow

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.suite
CDNOW = (0.553, 74.04, 0.606, 81.68)
HISTORIES = [(0, 0, 0), (0, 0, 200), (1, 3, 200), (2, 190, 200), (12, 60, 365), (40, 300, 301), (3, 200, 200)]
PARAMETERS = [CDNOW, (0.8, 20.0, 1.0, 20.0), (0.3, 500.0, 2.5, 6.0), (2.0, 3.0, 0.4, 900.0)]


class TestFit:
    def test_gives_the_published_parameters_of_cdnow(self, shared_data: Path) -> None:
        """Fader, Hardie and Lee (2005), table 2; in weeks."""
        histories = cdnow.histories(shared_data, "sample")
        model, report = fit_pareto_nbd(collapse(histories))
        found = (round(model.r, 3), round(model.alpha / 7, 3), round(model.s, 3), round(model.beta / 7, 3))
        assert found == (0.553, 10.578, 0.606, 11.669)
        assert report.log_likelihood + histories.frequency.sum() * np.log(7) == pytest.approx(-9595.0, abs=0.05)
        assert report.converged

    def test_gives_the_parameters_that_lifetimes_finds_for_all_23570(self, shared_data: Path) -> None:
        """By lifetimes 0.11.3 on the same customers, 22 November 2026."""
        model, _ = fit_pareto_nbd(collapse(cdnow.histories(shared_data, "master")))
        assert [model.r, model.alpha / 7, model.s, model.beta / 7] == pytest.approx([0.597, 11.585, 0.522, 8.832], rel=1e-3)

    @pytest.mark.suite
    def test_finds_planted_parameters(self) -> None:
        truth = (0.8, 500.0, 1.2, 2000.0)
        random, buyers = np.random.default_rng(8), 15_000
        age, rate = random.integers(1, 6000, buyers), random.gamma(0.8, 1 / 500.0, buyers)
        until = np.minimum(age, random.exponential(1, buyers) / random.gamma(1.2, 1 / 2000.0, buyers))
        x, recency = np.zeros(buyers, dtype=int), np.zeros(buyers, dtype=int)
        time, on = np.zeros(buyers), np.flatnonzero(rate > 1e-8)
        while len(on):
            time[on] += random.exponential(1, len(on)) / rate[on]
            on = on[time[on] < until[on]]
            day = np.ceil(time[on]).astype(int)
            x[on] += day > recency[on]
            recency[on] = day
        _, report = fit_pareto_nbd(collapse(Histories(x, recency, age, np.zeros(buyers))))
        for parameter, planted in zip(report.parameters, truth, strict=True):
            assert abs(np.log(parameter.value / planted)) < 3 * parameter.standard_error / parameter.value
            assert parameter.standard_error < 0.25 * planted


class TestLikelihood:
    @pytest.mark.parametrize("parameters", PARAMETERS)
    def test_is_that_of_adding_up_over_every_rate(self, parameters: tuple[float, ...]) -> None:
        x, recency, age = zip(*HISTORIES, strict=True)
        likelihood = ParetoNbdLikelihood(collapse(Histories(x, recency, age, np.zeros(len(x)))))
        expected = sum(np.log(brute_force.pareto_nbd(parameters, *history, 30).likelihood) for history in HISTORIES)
        assert -likelihood(np.log(parameters))[0] * likelihood.weight == pytest.approx(expected, rel=1e-9)

    @pytest.mark.parametrize("point", [(0.4, 50.0, 0.7, 90.0), (3.0, 900.0, 5.0, 2.0)])
    def test_has_the_gradient_of_its_differences(self, shared_data: Path, point: tuple[float, ...]) -> None:
        likelihood, logs = ParetoNbdLikelihood(collapse(cdnow.histories(shared_data, "sample"))), np.log(point)
        differences = [(likelihood(logs + step)[0] - likelihood(logs - step)[0]) / 2e-5 for step in 1e-5 * np.eye(4)]
        assert likelihood(logs)[1] == pytest.approx(differences, abs=1e-7)


class TestParetoNbd:
    @pytest.mark.parametrize("parameters", PARAMETERS)
    @pytest.mark.parametrize("history", HISTORIES)
    def test_says_what_adding_up_over_every_rate_says(self, parameters: tuple[float, ...], history: tuple[int, ...]) -> None:
        model, expected = ParetoNbd(*parameters), brute_force.pareto_nbd(parameters, *history, 90)
        x, recency, age = (np.array([part]) for part in history)
        alive = model.alive(x, recency, age)
        assert alive == pytest.approx([expected.alive], rel=1e-8)
        assert alive * model.orders(x, age, 90) == pytest.approx([expected.orders], rel=1e-8)
        assert model.orders_staying(x, age, 90) == pytest.approx([expected.staying], rel=1e-8)
        assert 1 - alive * model.order_within(x, age, 90) == pytest.approx([expected.no_order], rel=1e-8)

    @pytest.mark.parametrize("share", [0.0, 0.05, 0.3])
    @pytest.mark.parametrize("parameters", PARAMETERS)
    def test_reaches_a_share_on_the_day_it_says(self, parameters: tuple[float, ...], share: float) -> None:
        model, x, age = ParetoNbd(*parameters), np.array([2, 12, 40]), np.array([20, 365, 400])
        days = model.days_until(x, age, np.full(3, share))
        reached = model.order_within(x, age, days)
        assert reached[np.isfinite(days)] == pytest.approx(share, abs=1e-10)
        assert np.all(model.order_within(x, age, 146_100.0)[~np.isfinite(days)] <= share)

    @pytest.mark.parametrize("parameters", PARAMETERS)
    def test_counts_buyers_as_adding_up_does(self, parameters: tuple[float, ...]) -> None:
        counts = ParetoNbd(*parameters).counts(np.array([270.0]), 5)[0]
        assert counts[:5] == pytest.approx(brute_force.pareto_nbd_counts(parameters, 270, 5), rel=1e-7)
        assert counts.sum() == pytest.approx(1)


class TestOverlap:
    @pytest.mark.parametrize(
        ("alpha", "m", "beta", "n", "first", "last"),
        [
            (74.0, 0.5, 81.0, 1.6, 0, 272),
            (74.0, 5_000.5, 81.0, 1.6, 2, 272),
            (900.0, 30.0, 0.01, 1.001, 0, 4_000),
            (0.01, 3.0, 1e6, 900.0, 1, 3_000),
            (1e6, 900.0, 0.01, 2.0, 0, 3_000),
            (1e6, 5_000.0, 0.01, 1.001, 0, 3_000),
            (10.0, 2.0, 20.0, 3.0, 300, 300),
        ],
    )
    def test_is_the_integral(self, alpha: float, m: float, beta: float, n: float, first: int, last: int) -> None:
        """By Simpson's rule on a million points, evenly spaced in the logarithm."""
        low = np.log(min(alpha, beta) + first)
        u, step = np.linspace(low, np.log(min(alpha, beta) + last), 1_000_001, retstep=True)
        y = np.exp(u) - min(alpha, beta)
        values = np.exp(u - m * np.log((alpha + y) / (alpha + first)) - n * np.log((beta + y) / (beta + first)))
        simpson = step / 3 * (values[0] + values[-1] + 4 * values[1::2].sum() + 2 * values[2:-1:2].sum())
        weight = overlap(alpha, np.array([m]), beta, n, np.array([float(first)]), np.array([float(last)])).weight
        assert weight.sum() == pytest.approx(simpson, rel=1e-8)


@pytest.mark.suite
class TestLifetimes:
    def test_agrees_on_every_cdnow_customer(self, shared_data: Path, lifetimes) -> None:
        histories = cdnow.histories(shared_data, "sample")
        model = fit(histories, purchases="pareto_nbd")
        oracle = lifetimes.ParetoNBDFitter()
        oracle.params_ = model.purchases.as_dict()
        columns = histories.frequency, histories.recency_days, histories.age_days
        orders = oracle.conditional_expected_number_of_purchases_up_to_time(273, *columns)
        assert model.expected_orders(histories, 273) == pytest.approx(orders, abs=1e-10)
        assert model.probability_alive(histories) == pytest.approx(oracle.conditional_probability_alive(*columns), abs=1e-12)
        assert orders.sum() == pytest.approx(1665, abs=1)
