"""Shifted-beta-geometric: contracts end at a renewal with a probability of their own, theta ~ Beta(alpha, beta).

For customers whose leaving is seen (subscriptions). Those likely to leave do so first, so that the retention rate of a cohort rises with time though
nobody changes. Fader and Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21 (1), 76-90; equation numbers are
theirs. Value: Fader and Hardie (2010), Customer-Base Valuation in a Contractual Setting, Marketing Science 29 (1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.errors import ArgumentRefused, HistoriesRefused
from regulars.metrics.estimates import Undefined
from regulars.predictions.clv.maximum import FitReport, maximise

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

NAMES = ("alpha", "beta")
BOUNDS = ((1e-4, 1e5), (1e-4, 1e5))


@dataclass(frozen=True, slots=True)
class ShiftedBetaGeometric:
    """The two parameters, and the report of the fit; made by `fit_contracts` or `fit_survivors`."""

    alpha: float
    beta: float
    report: FitReport | None = None

    def survival(self, renewals: ArrayLike) -> NDArray[np.float64]:
        """P(still there after so many renewals) = B(alpha, beta + t) / B(alpha, beta); equation (6)."""
        from scipy.special import betaln

        times = np.asarray(renewals, dtype=np.float64)
        return np.asarray(np.exp(betaln(self.alpha, self.beta + times) - betaln(self.alpha, self.beta)), dtype=np.float64)

    def retention(self, renewals: ArrayLike) -> NDArray[np.float64]:
        """P(renews for the t-th time | there until then) = (beta + t - 1) / (alpha + beta + t - 1); equation (8)."""
        times = np.asarray(renewals, dtype=np.float64)
        return np.asarray((self.beta + times - 1) / (self.alpha + self.beta + times - 1), dtype=np.float64)

    def leaves_within(self, renewed: ArrayLike, renewals: int) -> NDArray[np.float64]:
        """P(leaves at one of the next `renewals` | renewed so often already)."""
        done = np.asarray(renewed, dtype=np.float64)
        ahead = _decay(self.alpha, self.beta + done, int(renewals))
        return np.asarray(1 - ahead, dtype=np.float64)

    def expected_renewals(self, renewed: ArrayLike, renewals: int, rate: float = 0.0) -> NDArray[np.float64]:
        """Expected number of renewals among the next `renewals` for who renewed so often already, each discounted by (1 + rate)^-k."""
        if not rate > -1:
            raise ArgumentRefused(f"rate={rate}", expected="above -1")
        done = np.asarray(renewed, dtype=np.float64)
        total, there = np.zeros_like(done), np.ones_like(done)
        for k in range(1, int(renewals) + 1):
            there = there * (self.beta + done + k - 1) / (self.alpha + self.beta + done + k - 1)
            total += there / (1 + rate) ** k
        return total


def _decay(alpha: float, beta: NDArray[np.float64], renewals: int) -> NDArray[np.float64]:
    there = np.ones_like(beta)
    for k in range(renewals):
        there = there * (beta + k) / (alpha + beta + k)
    return there


class _Likelihood:
    def __init__(self, left: NDArray[np.float64], stayed: NDArray[np.float64]) -> None:
        self._left, self._stayed = left, stayed
        self._times = np.arange(len(left), dtype=np.float64)
        self.rows, self.weight = len(left), float(left.sum() + stayed.sum())

    def sample(self, size: int, seed: int) -> _Likelihood:  # noqa: ARG002
        return self

    def __call__(self, logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        from scipy.special import betaln, digamma

        alpha, beta = np.exp(logs)
        times, left, stayed = self._times, self._left, self._stayed
        value = left @ (betaln(alpha + 1, beta + np.maximum(times, 1) - 1)) + stayed @ betaln(alpha, beta + times)
        value -= self.weight * betaln(alpha, beta)
        both = digamma(alpha + beta + times)
        gradient = np.array(
            [
                left @ (digamma(alpha + 1) - both) + stayed @ (digamma(alpha) - both),
                left @ (digamma(beta + np.maximum(times, 1) - 1) - both) + stayed @ (digamma(beta + times) - both),
            ]
        )
        gradient -= self.weight * (np.array([digamma(alpha), digamma(beta)]) - digamma(alpha + beta))
        return -float(value) / self.weight, -gradient * np.array([alpha, beta]) / self.weight


def fit_contracts(renewals: ArrayLike, ended: ArrayLike) -> ShiftedBetaGeometric | Undefined:
    """The model of the highest likelihood of contracts.

    `renewals`: for a contract that ended, the renewal at which it did (1 or more); for one that runs, how many times it was renewed.
    Undefined: `no_data` (no contract), `no_time_passed` (no contract has come to a renewal), `one_outcome` (all left or nobody did, so that
    contracts cannot be told apart).

    >>> fit_contracts([1, 2, 2, 3], [True, False, True, False]).survival([1, 2]).round(2).tolist()
    [0.72, 0.56]
    """
    times, gone = np.asarray(renewals), np.asarray(ended, dtype=bool)
    if times.shape != gone.shape or times.ndim != 1:
        raise HistoriesRefused(f"shapes {times.shape} and {gone.shape}", expected="one entry per contract in both")
    whole = times.astype(np.int64)
    if np.any(whole != times) or np.any(whole < gone):
        raise HistoriesRefused("a number of renewals that no contract can have", expected="whole, from 0; from 1 where the contract ended")
    most = int(whole.max(initial=0)) + 1
    left, stayed = (np.bincount(whole[some], minlength=most).astype(np.float64) for some in (gone, ~gone))
    return _fit(left, stayed)


def fit_survivors(survivors: ArrayLike) -> ShiftedBetaGeometric | Undefined:
    """The same from one cohort: how many are there at the start, after the first renewal, after the second and so on.

    >>> fit_survivors([1000, 631, 468, 382, 326, 289, 262, 241]).survival(12).round(3)
    np.float64(0.17)
    """
    counts = np.asarray(survivors, dtype=np.float64)
    if counts.ndim != 1 or not len(counts) or np.any(np.diff(counts) > 0) or counts[-1] < 0:
        raise HistoriesRefused(f"survivors {counts.tolist()}", expected="numbers that never rise, from all at the start")
    stayed = np.zeros(len(counts))
    stayed[-1] = counts[-1]
    return _fit(np.concatenate([[0.0], -np.diff(counts)]), stayed)


def _fit(left: NDArray[Any], stayed: NDArray[Any]) -> ShiftedBetaGeometric | Undefined:
    seen = left.sum() + stayed.sum()
    if not seen:
        return Undefined("no_data")
    if not left.sum() + stayed[1:].sum():
        return Undefined("no_time_passed")
    if not left.sum() or not left[2:].sum() + stayed[1:].sum():
        return Undefined("one_outcome")
    report = maximise("shifted_beta_geometric", NAMES, _Likelihood(left, stayed), starts=[(1.0, 1.0), (0.5, 5.0)], bounds=BOUNDS)
    return ShiftedBetaGeometric(**report.values, report=report)
