"""BG/NBD: buyers order at a rate of their own and may drop out after each repeat order.

Orders after the first come at rate lambda ~ Gamma(r, alpha); after each of them a buyer drops out with probability p ~ Beta(a, b). Fader, Hardie
and Lee (2005), "Counting your customers" the easy way, Marketing Science 24 (2), 275-284; equation numbers below are theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from regulars.predictions.clv.histories import CHUNK, Rows, dot
from regulars.predictions.clv.maximum import FitReport, maximise
from regulars.predictions.clv.overlap import legendre

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES = ("r", "alpha", "a", "b")
BOUNDS = ((1e-3, 1e3), (1e-2, 1e6), (1e-3, 1e3), (1e-3, 1e3))
NUDGE = 2e-5
"""Distance from a pole of the closed form at which its two neighbours are averaged."""


@dataclass(frozen=True, slots=True)
class BgNbd:
    """The four parameters; alpha in days."""

    r: float
    alpha: float
    a: float
    b: float
    name: ClassVar[str] = "bg_nbd"

    def alive(self, x: NDArray[Any], recency: NDArray[Any], age: NDArray[Any]) -> NDArray[np.float64]:
        """P(alive | x, t, T) = 1 / (1 + a / (b + x - 1) ((alpha + T) / (alpha + t))^(r + x)); 1 where x = 0, for nobody drops out before."""
        odds = np.log((self.alpha + age) / (self.alpha + recency))
        odds *= self.r + x
        odds += np.log(self.a / (self.b + np.maximum(x, 1) - 1))
        np.minimum(odds, 700, out=odds)
        np.exp(odds, out=odds)
        odds *= x > 0
        odds += 1
        return np.divide(1.0, odds, out=odds)

    def orders(self, x: NDArray[Any], age: NDArray[Any], days: float) -> NDArray[np.float64]:
        """Expected orders in the next `days` of a buyer who is alive at T; equation (10) without its denominator, Euler-transformed.

        c / (a - 1) [1 - (1 - z)^(a - 1) 2F1(c - r - x, a - 1; c; z)] with c = a + b + x - 1 and z = days / (alpha + T + days).
        """
        if abs(self.a - 1) < NUDGE / 2:
            near = [(self.a + NUDGE, self.b), (self.a - NUDGE, self.b)]
        elif abs(self.a + self.b - 1) < NUDGE / 2:
            near = [(self.a, self.b + NUDGE), (self.a, self.b - NUDGE)]
        else:
            near = [(self.a, self.b)]
        found = sum(self._orders(x, age, days, a, b) for a, b in near) / len(near)
        return np.clip(found, 0, self.orders_staying(x, age, days))

    def _orders(self, x: NDArray[Any], age: NDArray[Any], days: float, a: float, b: float) -> NDArray[np.float64]:
        from scipy.special import hyp2f1

        z = days / (self.alpha + age + days)
        c = a + b + x - 1
        with np.errstate(all="ignore"):  # a above about 90 can overflow: those are worked out below
            found: NDArray[np.float64] = np.atleast_1d(c / (a - 1) * (1 - (1 - z) ** (a - 1) * hyp2f1(c - self.r - x, a - 1, c, z)))
        wrong = np.flatnonzero(~np.isfinite(found))
        for start in range(0, len(wrong), 1024):
            some = wrong[start : start + 1024]
            found[some] = orders_by_quadrature(self.r + x[some], days / (self.alpha + age[some]), a, b + x[some])
        return found

    def orders_staying(self, x: NDArray[Any], age: NDArray[Any], days: float) -> NDArray[np.float64]:
        """Expected orders in the next `days` of a buyer who is alive at T, with drop-out switched off: days (r + x) / (alpha + T)."""
        return np.asarray(days * (self.r + x) / (self.alpha + age), dtype=np.float64)

    def order_within(self, x: NDArray[Any], age: NDArray[Any], days: float) -> NDArray[np.float64]:
        """P(an order in the next `days`) of a buyer who is alive at T: 1 - ((alpha + T) / (alpha + T + days))^(r + x)."""
        return np.asarray(-np.expm1(-(self.r + x) * np.log1p(days / (self.alpha + age))), dtype=np.float64)

    def days_until(self, x: NDArray[Any], age: NDArray[Any], share: NDArray[Any]) -> NDArray[np.float64]:
        """Days within which a buyer who is alive at T orders with probability `share`; infinite from 1 on."""
        reached = share < 1
        logs = -np.log1p(-np.where(reached, share, 0.0)) / (self.r + x)
        days = (self.alpha + age) * np.expm1(np.minimum(logs, 600))
        return np.where(reached, days, np.inf)

    def counts(self, age: NDArray[np.float64], most: int) -> NDArray[np.float64]:
        """P(0, 1, ... `most` or more orders of a new buyer within `age` days); equation (8)."""
        from scipy.special import betainc, betaln

        orders = np.arange(most)
        seen = age / (self.alpha + age)
        shares = negative_binomial(self.r, self.alpha, age, most)
        shares *= np.exp(betaln(self.a, self.b + orders) - betaln(self.a, self.b))
        for n in range(1, most):
            at_least = betainc(n, self.r, seen)
            shares[:, n] += np.exp(betaln(self.a + 1, self.b + n - 1) - betaln(self.a, self.b)) * at_least
        return np.column_stack([shares, np.clip(1 - shares.sum(axis=1), 0, 1)])

    def as_dict(self) -> dict[str, float]:
        """The parameters by name."""
        return {"r": self.r, "alpha": self.alpha, "a": self.a, "b": self.b}


def negative_binomial(r: float, alpha: float, days: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """P(n orders within `days`) for n below `most`, of who does not drop out: a row for each of `days`."""
    from scipy.special import gammaln, xlogy

    orders = np.arange(most)
    logs = gammaln(r + orders) - gammaln(r) - gammaln(orders + 1) + xlogy(orders, (days / (alpha + days))[:, None])
    shares: NDArray[np.float64] = np.exp(logs - r * np.log1p(days / alpha)[:, None])
    return shares


def orders_by_quadrature(often: NDArray[Any], share: NDArray[Any], a: float, b: NDArray[Any]) -> NDArray[np.float64]:
    """Mean of (1 - (1 + p share)^-often) / p over p ~ Beta(a, b): expected orders, without a closed form; share = days / (alpha + T).

    In y = log(p / (1 - p)) what is averaged is smooth; below the range p is small and the function is often x share, above it p is 1.
    """
    from scipy.special import betainc, betaincinv, betaln

    edge = -30 - np.log1p((often + 1) * share)
    low, high = np.maximum(betaincinv(a, b, 1e-17), 1e-300), np.maximum(betaincinv(b, a, 1e-17), 1e-300)
    first = np.maximum(edge, np.log(low) - np.log1p(-np.minimum(low, 0.9)))
    last = np.maximum(np.minimum(40.0, np.log1p(-np.minimum(high, 0.9)) - np.log(high)), first)
    nodes, weights = legendre(160)
    width = (last - first)[:, None]
    y = first[:, None] + width * nodes
    log_p, log_q = -np.logaddexp(0, -y), -np.logaddexp(0, y)
    p = np.exp(log_p)
    density = np.exp(a * log_p + b[:, None] * log_q - betaln(a, b)[:, None])
    inside = width * density * -np.expm1(-often[:, None] * np.log1p(p * share[:, None])) / p
    below = betainc(a, b, 1 / (1 + np.exp(-first))) * often * share
    above = betainc(b, a, np.exp(-np.logaddexp(0, last))) * -np.expm1(-often * np.log1p(share))
    return np.asarray(np.einsum("ij,j->i", inside, weights) + below + above, dtype=np.float64)


class BgNbdLikelihood:
    """Negative mean log-likelihood of log(r, alpha, a, b) over unique rows, equation (6); gamma functions only once for each x."""

    def __init__(self, rows: Rows) -> None:
        again = np.flatnonzero(rows.frequency > 0)
        self._all, self._again = rows, rows.taken(again)
        self._x, place = np.unique(rows.frequency, return_inverse=True)
        self._of_x = np.bincount(place, rows.weight)
        self._age, place = np.unique(rows.age, return_inverse=True)
        self._of_age = np.bincount(place, rows.weight)
        self._orders_of_age = np.bincount(place, rows.weight * rows.frequency)
        self.rows, self.weight = len(rows), float(rows.weight.sum())
        self._place = np.searchsorted(self._x, self._again.frequency)

    def sample(self, size: int, seed: int) -> BgNbdLikelihood:
        """The same on `size` rows drawn without replacement."""
        chosen = np.sort(np.random.default_rng(seed).choice(self.rows, size, replace=False))
        return BgNbdLikelihood(self._all.taken(chosen))

    def __call__(self, logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The negative mean log-likelihood and its gradient."""
        r, alpha, a, b = np.exp(logs)
        total, slope = self._of_frequencies(r, alpha, a, b)
        value, more = self._of_days(r, alpha, a, b)
        gradient = (slope + more) * np.array([r, alpha, a, b])
        return -(total + value) / self.weight, -gradient / self.weight

    def _of_frequencies(self, r: float, alpha: float, a: float, b: float) -> tuple[float, NDArray[np.float64]]:
        from scipy.special import digamma, gammaln

        x, weight = self._x, self._of_x
        value = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        value += gammaln(a + b) - gammaln(b) + gammaln(b + x) - gammaln(a + b + x)
        both = digamma(a + b) - digamma(a + b + x)
        gradient = [
            dot(weight, digamma(r + x) - digamma(r) + np.log(alpha)),
            weight.sum() * r / alpha,
            dot(weight, both),
            dot(weight, both - digamma(b) + digamma(b + x)),
        ]
        far = np.log(alpha + self._age)
        value_of_age = -dot(r * self._of_age + self._orders_of_age, far)
        gradient[0] -= dot(self._of_age, far)
        gradient[1] -= dot(r * self._of_age + self._orders_of_age, 1 / (alpha + self._age))
        return dot(weight, value) + value_of_age, np.array(gradient)

    def _of_days(self, r: float, alpha: float, a: float, b: float) -> tuple[float, NDArray[np.float64]]:
        """The part of having dropped out at t: log(1 + a / (b + x - 1) ((alpha + T) / (alpha + t))^(r + x))."""
        dropping = np.log(a / (b + np.maximum(self._x, 1) - 1))
        value, gradient = 0.0, np.zeros(4)
        dead_of_x = np.zeros(len(self._x))
        some = self._again
        for start in range(0, len(some), CHUNK):
            rows = slice(start, start + CHUNK)
            near, far, weight, place = alpha + some.recency[rows], alpha + some.age[rows], some.weight[rows], self._place[rows]
            often = some.frequency[rows] + r
            ratio = np.log(far / near)
            odds = often * ratio
            odds += dropping[place]
            small = np.exp(-np.abs(odds))
            value += dot(weight, np.maximum(odds, 0) + np.log1p(small))
            dead = np.where(odds > 0, 1.0, small)
            dead /= 1 + small
            dead *= weight
            gradient[0] += dot(dead, ratio)
            dead_of_x += np.bincount(place, dead, minlength=len(self._x))
            dead *= often
            gradient[1] += dot(dead, 1 / far - 1 / near)
        gradient[2] = dead_of_x.sum() / a
        gradient[3] = -(dead_of_x / (b + np.maximum(self._x, 1) - 1)).sum()
        return float(value), gradient


def fit_bg_nbd(rows: Rows, *, seed: int = 0) -> tuple[BgNbd, FitReport]:
    """The model of the highest likelihood, and how it was found."""
    repeats, exposure = dot(rows.weight, rows.frequency), dot(rows.weight, rows.age)
    start = (0.5, max(1.0, 0.4 * exposure / max(repeats, 1.0)), 0.8, 2.5)
    report = maximise(BgNbd.name, NAMES, BgNbdLikelihood(rows), starts=[start], bounds=BOUNDS, seed=seed)
    return BgNbd(**report.values), report
