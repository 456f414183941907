"""Gamma-Gamma: what a buyer spends on an order day varies around a mean of his own, which does not depend on how often he orders.

Spend per order day ~ Gamma(p, nu), nu ~ Gamma(q, gamma). Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value, brucehardie.com/notes/025.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from regulars.predictions.clv.histories import CHUNK, dot
from regulars.predictions.clv.maximum import FitReport, maximise

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES = ("p", "q", "gamma")
LEAST_Q = 1.05
"""At q = 1 the mean spend of a new buyer is infinite."""

LEAST_VALUE = 1e-6
"""A mean value up to this (minor units) is none."""


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """The three parameters; gamma in minor units."""

    p: float
    q: float
    gamma: float
    name: ClassVar[str] = "gamma_gamma"

    @property
    def usual(self) -> float:
        """Mean spend of a buyer of whom nothing is known: p gamma / (q - 1)."""
        return self.p * self.gamma / (self.q - 1)

    def mean(self, x: NDArray[Any], mean_value: NDArray[Any]) -> NDArray[np.float64]:
        """Expected spend per order day: p (gamma + x m) / (p x + q - 1), the buyer's own mean shrunk to everybody's.

        An order day without positive net value says nothing here: the buyer counts as one with x = 0.
        """
        known = np.where(mean_value > LEAST_VALUE, x, 0)
        value: NDArray[np.float64] = self.p * (self.gamma + known * np.maximum(mean_value, 0)) / (self.p * known + self.q - 1)
        return value

    def as_dict(self) -> dict[str, float]:
        """The parameters by name."""
        return {"p": self.p, "q": self.q, "gamma": self.gamma}


class GammaGammaLikelihood:
    """Negative mean log-likelihood of log(p, q, gamma); equation (1a) of the note."""

    def __init__(self, x: NDArray[np.float64], mean_value: NDArray[np.float64]) -> None:
        self._x, self._mean = x, mean_value
        self._total = x * mean_value
        self._often, counts = np.unique(x, return_counts=True)
        self._count = counts.astype(np.float64)
        logs = np.log(mean_value)
        self._sums = float(logs.sum()), dot(x, logs + np.log(x))
        self.rows, self.weight = len(x), float(len(x))

    def sample(self, size: int, seed: int) -> GammaGammaLikelihood:
        """The same on `size` rows drawn without replacement."""
        chosen = np.sort(np.random.default_rng(seed).choice(self.rows, size, replace=False))
        return GammaGammaLikelihood(self._x[chosen], self._mean[chosen])

    def __call__(self, logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The negative mean log-likelihood and its gradient."""
        from scipy.special import digamma, gammaln

        p, q, gamma = np.exp(logs)
        far, far_orders, rest, rest_orders = 0.0, 0.0, 0.0, 0.0
        for start in range(0, self.rows, CHUNK):
            rows = slice(start, start + CHUNK)
            sums = self._total[rows] + gamma
            distance = np.log(sums)
            far += distance.sum()
            far_orders += dot(self._x[rows], distance)
            np.divide(1.0, sums, out=sums)
            rest += sums.sum()
            rest_orders += dot(self._x[rows], sums)
        x, count = self._often, self._count
        n, (log_mean, x_logs) = self.weight, self._sums
        value = dot(count, gammaln(p * x + q) - gammaln(p * x)) + n * (q * np.log(gamma) - gammaln(q))
        value += p * x_logs - log_mean - p * far_orders - q * far
        more = digamma(p * x + q)
        gradient = np.array(
            [
                dot(count, x * (more - digamma(p * x))) + x_logs - far_orders,
                dot(count, more) + n * (np.log(gamma) - digamma(q)) - far,
                n * q / gamma - p * rest_orders - q * rest,
            ]
        )
        return -float(value) / n, -gradient * np.array([p, q, gamma]) / n


def fit_gamma_gamma(x: NDArray[Any], mean_value: NDArray[Any], *, seed: int = 0) -> tuple[GammaGamma, FitReport]:
    """The model of the highest likelihood over buyers with a repeat order of positive value."""
    used = np.flatnonzero((x > 0) & (mean_value > LEAST_VALUE))
    often, mean = x[used].astype(np.float64), mean_value[used].astype(np.float64)
    middle = float(np.median(mean))
    bounds = ((1e-2, 1e4), (LEAST_Q, 1e4), (1e-6 * middle, 1e6 * middle))
    starts = [(6.0, 4.0, middle / 2)]
    report = maximise(GammaGamma.name, NAMES, GammaGammaLikelihood(often, mean), starts=starts, bounds=bounds, seed=seed)
    return GammaGamma(**report.values), report
