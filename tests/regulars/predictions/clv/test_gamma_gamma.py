"""Gamma-Gamma against the published figures, an integral, and buyers with known parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln

from regulars.predictions.clv.gamma_gamma import GammaGamma, GammaGammaLikelihood, fit_gamma_gamma
from tests.regulars.predictions.clv import cdnow

if TYPE_CHECKING:
    from pathlib import Path


class TestFit:
    def test_gives_the_published_parameters_of_cdnow(self, shared_data: Path) -> None:
        """Fader and Hardie (2013), section 4: 6.25, 3.74, 15.44 of 946 customers with a repeat order."""
        histories = cdnow.histories(shared_data, "sample")
        model, report = fit_gamma_gamma(histories.frequency, histories.mean_value)
        assert report.fitted_on == 946
        assert (round(model.p, 2), round(model.q, 2), round(model.gamma, 2)) == (6.25, 3.74, 15.44)
        assert report.log_likelihood == pytest.approx(-4055.92, abs=0.01)

    def test_gives_the_parameters_that_lifetimes_finds_for_all_23570(self, shared_data: Path) -> None:
        histories = cdnow.histories(shared_data, "master")
        model, _ = fit_gamma_gamma(histories.frequency, histories.mean_value)
        assert [model.p, model.q, model.gamma] == pytest.approx([6.275, 3.624, 14.984], abs=1e-3)

    def test_finds_planted_parameters(self) -> None:
        random, truth = np.random.default_rng(3), (4.0, 3.0, 5_000.0)
        x = random.integers(1, 8, 50_000)
        mean = random.gamma(4.0 * x) / x / random.gamma(3.0, 1 / 5_000.0, len(x))
        _, report = fit_gamma_gamma(x, mean)
        for parameter, planted in zip(report.parameters, truth, strict=True):
            assert abs(np.log(parameter.value / planted)) < 3 * parameter.standard_error / parameter.value
            assert parameter.standard_error < 0.05 * planted

    def test_does_not_look_at_buyers_without_a_value(self) -> None:
        x, mean = np.array([1, 2, 5, 3]), np.array([10.0, 30.0, 12.0, 50.0])
        alone, report = fit_gamma_gamma(x, mean)
        beside, also = fit_gamma_gamma(np.append(x, [0, 4, 2]), np.append(mean, [0.0, 0.0, -7.0]))
        assert beside == alone
        assert also == report


class TestLikelihood:
    def test_is_an_integral_over_every_buyers_own_scale(self) -> None:
        p, q, gamma = 6.25, 3.74, 15.44
        x, mean = np.array([1.0, 2.0, 7.0]), np.array([20.0, 55.0, 31.0])

        def density(scale: float, often: float, value: float) -> float:
            shape = p * often
            spend = shape * np.log(scale * often) + (shape - 1) * np.log(value) - scale * often * value - gammaln(shape)
            return float(np.exp(spend + q * np.log(gamma) + (q - 1) * np.log(scale) - gamma * scale - gammaln(q)))

        integrals = [quad(density, 0, 5, args=pair, points=[0.1, 0.5], epsrel=1e-12)[0] for pair in zip(x, mean, strict=True)]
        likelihood = GammaGammaLikelihood(x, mean)
        assert -likelihood(np.log([p, q, gamma]))[0] * 3 == pytest.approx(np.log(integrals).sum(), rel=1e-10)

    def test_has_the_gradient_of_its_differences(self) -> None:
        likelihood, point = GammaGammaLikelihood(np.array([1.0, 2.0, 2.0]), np.array([20.0, 55.0, 31.0])), np.log([3.0, 2.0, 9.0])
        differences = [(likelihood(point + step)[0] - likelihood(point - step)[0]) / 2e-5 for step in 1e-5 * np.eye(3)]
        assert likelihood(point)[1] == pytest.approx(differences, abs=1e-8)


class TestMean:
    def test_of_the_published_customer(self) -> None:
        """Fader and Hardie (2013): the mean of a new customer is p gamma / (q - 1)."""
        model = GammaGamma(6.25, 3.74, 15.44)
        assert model.usual == pytest.approx(35.22, abs=0.01)
        assert model.mean(np.array([0, 3]), np.array([0.0, 0.0])) == pytest.approx([model.usual] * 2)

    def test_lies_between_everybodys_and_the_buyers_own_and_nears_his_own(self) -> None:
        model = GammaGamma(6.25, 3.74, 15.44)
        means = model.mean(np.array([1, 2, 10, 1000]), np.full(4, 90.0))
        assert np.all(np.diff(means) > 0)
        assert model.usual < means[0]
        assert means[-1] == pytest.approx(90, rel=0.001)


@pytest.mark.suite
class TestLifetimes:
    def test_expects_the_same_of_every_cdnow_customer(self, shared_data: Path, lifetimes) -> None:
        histories = cdnow.histories(shared_data, "sample")
        model, _ = fit_gamma_gamma(histories.frequency, histories.mean_value)
        oracle = lifetimes.GammaGammaFitter()
        oracle.params_ = {"p": model.p, "q": model.q, "v": model.gamma}
        expected = oracle.conditional_expected_average_profit(histories.frequency, histories.mean_value)
        assert model.mean(histories.frequency, histories.mean_value) == pytest.approx(np.asarray(expected), rel=1e-12)
