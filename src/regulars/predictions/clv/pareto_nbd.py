"""Pareto/NBD: buyers order at a rate of their own and drop out at any time, not only after an order.

Orders after the first come at rate lambda ~ Gamma(r, alpha); a buyer lives for a time ~ Exponential(mu), mu ~ Gamma(s, beta). Schmittlein, Morrison
and Colombo (1987), Management Science 33 (1); Fader and Hardie (2005), A Note on Deriving the Pareto/NBD Model, brucehardie.com/notes/009.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from regulars.predictions.clv.bg_nbd import negative_binomial
from regulars.predictions.clv.histories import LONGEST, dot
from regulars.predictions.clv.maximum import FitReport, maximise
from regulars.predictions.clv.overlap import ROWS, overlap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from regulars.predictions.clv.histories import Rows

NAMES = ("r", "alpha", "s", "beta")
BOUNDS = ((1e-3, 1e3), (1e-2, 1e6), (1e-3, 1e3), (1e-2, 1e6))


@dataclass(frozen=True, slots=True)
class ParetoNbd:
    """The four parameters; alpha and beta in days."""

    r: float
    alpha: float
    s: float
    beta: float
    name: ClassVar[str] = "pareto_nbd"

    def alive(self, x: NDArray[Any], recency: NDArray[Any], age: NDArray[Any]) -> NDArray[np.float64]:
        """P(alive | x, t, T) = 1 / (1 + s (alpha + T)^(r + x) (beta + T)^s J).

        J is the integral of (alpha + y)^-(r + x) (beta + y)^-(s + 1) over y from t to T: the buyer dropped out then.
        """
        out = np.empty(len(x))
        for rows in _pieces(len(x)):
            often, near, far = self.r + x[rows], _decimal(recency[rows]), _decimal(age[rows])
            points = overlap(self.alpha, often, self.beta, self.s + 1, near, far)
            growth = often * np.log((self.alpha + far) / (self.alpha + near)) + self.s * np.log((self.beta + far) / (self.beta + near))
            dead = np.log(np.maximum(points.weight.sum(axis=1), 1e-300)) + np.log(self.s / (self.beta + near)) + growth
            out[rows] = 1 / (1 + np.where(far > near, np.exp(np.minimum(dead, 700)), 0.0))
        return out

    def orders(self, x: NDArray[Any], age: NDArray[Any], days: float) -> NDArray[np.float64]:
        """(r + x) / (alpha + T) x (beta + T) / (s - 1) [1 - ((beta + T) / (beta + T + days))^(s - 1)], of a buyer who is alive at T."""
        from scipy.special import exprel

        far = self.beta + age
        logs = np.log1p(days / far)
        return np.asarray((self.r + x) / (self.alpha + age) * far * logs * exprel((1 - self.s) * logs), dtype=np.float64)

    def orders_staying(self, x: NDArray[Any], age: NDArray[Any], days: float) -> NDArray[np.float64]:
        """Expected orders in the next `days` of a buyer who does not drop out before: days (r + x) / (alpha + T)."""
        return np.asarray(days * (self.r + x) / (self.alpha + age), dtype=np.float64)

    def order_within(self, x: NDArray[Any], age: NDArray[Any], days: float | NDArray[Any]) -> NDArray[np.float64]:
        """P(an order in the next `days` and before dropping out) of a buyer who is alive at T.

        (r + x) (alpha + T)^(r + x) (beta + T)^s times the integral of (alpha + y)^-(r + x + 1) (beta + y)^-s over y from T to T + days.
        """
        out, until = np.empty(len(x)), np.broadcast_to(np.asarray(days, dtype=np.float64), (len(x),))
        for rows in _pieces(len(x)):
            often, near = self.r + x[rows], _decimal(age[rows])
            points = overlap(self.alpha, often + 1, self.beta, self.s, near, near + until[rows])
            out[rows] = often / (self.alpha + near) * points.weight.sum(axis=1)
        return np.clip(out, 0, 1)

    def days_until(self, x: NDArray[Any], age: NDArray[Any], share: NDArray[Any]) -> NDArray[np.float64]:
        """Days within which a buyer who is alive at T orders with probability `share`; infinite where he orders less often than that.

        Newton steps on v, the probability if nobody dropped out: there the sought function is rising and concave, and the steps never overshoot.
        """
        out = np.full(len(x), np.inf)
        place = np.flatnonzero(self.order_within(x, age, LONGEST) > share)
        often, far, sought = self.r + x[place], self.alpha + age[place], share[place]
        v = sought.copy()
        open_ = np.arange(len(place))
        for _turn in range(100):
            days = far[open_] * np.expm1(-np.log1p(-v[open_]) / often[open_])
            missing = sought[open_] - self.order_within(x[place[open_]], age[place[open_]], days)
            late = self.beta + age[place[open_]]
            step = missing * ((late + days) / late) ** self.s
            v[open_] = np.minimum(v[open_] + np.maximum(step, 0), 1 - 1e-16)
            open_ = open_[step > 1e-12 * v[open_]]
            if not len(open_):
                break
        out[place] = far * np.expm1(-np.log1p(-v) / often)
        return out

    def counts(self, age: NDArray[np.float64], most: int) -> NDArray[np.float64]:
        """P(0, 1, ... `most` or more orders of a new buyer within `age` days): the negative binomial up to dropping out, averaged over when."""
        shares = negative_binomial(self.r, self.alpha, age, most)
        shares *= np.exp(-self.s * np.log1p(age / self.beta))[:, None]
        for rows in _pieces(len(age)):
            points = overlap(self.alpha, 0.0, self.beta, self.s + 1, np.zeros_like(age[rows]), age[rows])
            until = negative_binomial(self.r, self.alpha, points.y.ravel(), most).reshape(*points.y.shape, most)
            shares[rows] += self.s / self.beta * np.einsum("ij,ijn->in", points.weight, until)
        return np.column_stack([shares, np.clip(1 - shares.sum(axis=1), 0, 1)])

    def as_dict(self) -> dict[str, float]:
        """The parameters by name."""
        return {"r": self.r, "alpha": self.alpha, "s": self.s, "beta": self.beta}


def _pieces(size: int) -> Iterator[slice]:
    for start in range(0, size, ROWS):
        yield slice(start, start + ROWS)


def _decimal(days: NDArray[Any]) -> NDArray[np.float64]:
    return days.astype(np.float64)


class ParetoNbdLikelihood:
    """Negative mean log-likelihood of log(r, alpha, s, beta) over unique rows.

    L = Gamma(r + x) / Gamma(r) alpha^r beta^s [(alpha + T)^-(r + x) (beta + T)^-s + s J]; J as in `ParetoNbd.alive`.
    """

    def __init__(self, rows: Rows) -> None:
        self._all = rows
        self._x, place = np.unique(rows.frequency, return_inverse=True)
        self._of_x = np.bincount(place, rows.weight)
        self.rows, self.weight = len(rows), float(rows.weight.sum())

    def sample(self, size: int, seed: int) -> ParetoNbdLikelihood:
        """The same on `size` rows drawn without replacement."""
        chosen = np.sort(np.random.default_rng(seed).choice(self.rows, size, replace=False))
        return ParetoNbdLikelihood(self._all.taken(chosen))

    def __call__(self, logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The negative mean log-likelihood and its gradient."""
        from scipy.special import digamma, gammaln

        r, alpha, s, beta = (float(value) for value in np.exp(logs))
        value = dot(self._of_x, gammaln(r + self._x) - gammaln(r)) + self.weight * (r * logs[1] + s * logs[3])
        gradient = np.array(
            [
                dot(self._of_x, digamma(r + self._x) - digamma(r)) + self.weight * logs[1],
                self.weight * r / alpha,
                self.weight * logs[3],
                self.weight * s / beta,
            ]
        )
        for rows in _pieces(self.rows):
            more, slope = self._piece(rows, r, alpha, s, beta)
            value += more
            gradient += slope
        return -float(value) / self.weight, -gradient * np.array([r, alpha, s, beta]) / self.weight

    def _piece(self, rows: slice, r: float, alpha: float, s: float, beta: float) -> tuple[float, NDArray[np.float64]]:
        some = self._all
        often, near, far, weight = r + some.frequency[rows], some.recency[rows], some.age[rows], some.weight[rows]
        points = overlap(alpha, often, beta, s + 1, near, far)
        total = np.maximum(points.weight.sum(axis=1), 1e-300)
        near_alpha, near_beta, far_alpha, far_beta = np.log(alpha + near), np.log(beta + near), np.log(alpha + far), np.log(beta + far)
        alive = -often * far_alpha - s * far_beta
        dead = np.where(far > near, np.log(s * total) - often * near_alpha - (s + 1) * near_beta, -np.inf)
        both = np.logaddexp(alive, dead)
        gone = np.exp(dead - both)
        share = points.weight / total[:, None]
        log_alpha = near_alpha + _mean(share, points.since_alpha)
        log_beta = near_beta + _mean(share, points.since_beta)
        by_alpha, by_beta = _mean(share, 1 / (alpha + points.y)), _mean(share, 1 / (beta + points.y))
        stays = 1 - gone
        slope = np.array(
            [
                -dot(weight, stays * far_alpha + gone * log_alpha),
                -dot(weight, often * (stays / (alpha + far) + gone * by_alpha)),
                -dot(weight, stays * far_beta + gone * (log_beta - 1 / s)),
                -dot(weight, s * stays / (beta + far) + (s + 1) * gone * by_beta),
            ]
        )
        return dot(weight, both), slope


def _mean(share: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = np.einsum("ij,ij->i", share, values)
    return mean


def fit_pareto_nbd(rows: Rows, *, seed: int = 0) -> tuple[ParetoNbd, FitReport]:
    """The model of the highest likelihood from two starts, for it can have more than one peak; and how it was found."""
    repeats, exposure = dot(rows.weight, rows.frequency), dot(rows.weight, rows.age)
    gap = max(1.0, exposure / max(repeats, 1.0))
    starts = [(0.5, 0.4 * gap, 0.6, 0.5 * gap), (1.0, gap, 2.0, 20 * gap)]
    report = maximise(ParetoNbd.name, NAMES, ParetoNbdLikelihood(rows), starts=starts, bounds=BOUNDS, seed=seed)
    return ParetoNbd(**report.values), report
