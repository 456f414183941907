"""How far what comes may lie from what is expected: chance within each customer, and how wrong predictions were before."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.predictions.clv.gamma_gamma import GammaGamma

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regulars.predictions.clv.histories import Histories
    from regulars.predictions.value.buying import Bought
    from regulars.predictions.value.looks import Look
    from regulars.predictions.value.shrunk import Model

ASSUMED_ERROR = 0.15
"""Error of a total that is assumed before any backtest; BG/NBD missed CDNOW's weeks 40 to 78 by 12 to 14 %."""
ASSUMED_LOOKS = 4
"""Backtests that the assumption weighs as much as."""
GROUPS = 5
"""Groups of equal size by expected value."""
RATE_SHAPE = 0.5
"""Shape of the rates before any repeat order, as in small shops."""
DROPPING_OUT = 0.1
"""Squared variation that dropping out on the way adds to the orders of who orders at all; drawn from the story it is 0.05 to 0.2."""
VALUE_WITHIN, VALUE_BETWEEN = 0.5, 0.5
"""Squared variation of order values within and between customers where no model of values was fitted."""


@dataclass(frozen=True, slots=True)
class Level:
    """How wrong totals were: log(came / expected) is taken as Student-t around 0 with scale `sd` and `degrees` degrees of freedom.

    sd^2 = (4 (0.15^2 + s^2) + sum of e^2) / (4 + K), degrees = 4 + K: K backtests with log errors e against an assumed error of 15 % and the
    sampling error s of what the company has seen, which weigh like four. Where the tested time h is shorter than the time t asked for, sd is
    multiplied by sqrt(t / h).
    """

    sd: float
    degrees: int
    errors: tuple[float, ...] = ()

    @classmethod
    def of(cls, errors: Sequence[float], sampling: float, assumed: float = ASSUMED_ERROR) -> Level:
        """From log errors of backtests, the sampling error, and what is assumed before any backtest."""
        degrees = ASSUMED_LOOKS + len(errors)
        squares = ASSUMED_LOOKS * (assumed**2 + sampling**2) + sum(e * e for e in errors)
        return cls(math.sqrt(squares / degrees), degrees, tuple(errors))

    def widened(self, factor: float) -> Level:
        """With the scale multiplied."""
        return Level(self.sd * factor, self.degrees, self.errors)

    def with_chance(self, relative_variance: float) -> Level:
        """With independent chance of single customers added."""
        return Level(math.sqrt(self.sd**2 + max(0.0, relative_variance)), self.degrees, self.errors)

    def reach(self, share: float = 0.95) -> float:
        """Half the width, in logarithms, of the interval that holds `share`.

        >>> round(Level(0.1, 1000).reach(), 3)
        0.196
        """
        from scipy.special import stdtrit

        return float(stdtrit(self.degrees, 0.5 + share / 2)) * self.sd

    def around(self, value: float, share: float = 0.95) -> tuple[float, float]:
        """The interval around `value`.

        >>> low, high = Level(0.1, 1000).around(100)
        >>> round(low, 1), round(high, 1)
        (82.2, 121.7)
        """
        reach = min(self.reach(share), 50.0)
        return value * math.exp(-reach), value * math.exp(reach)


def log_error(came: float, expected: float, least: float) -> float:
    """log((came + least) / (expected + least)); `least` is half of the smallest thing that can come, so that nothing is no infinity."""
    return math.log((max(0.0, came) + least) / (max(0.0, expected) + least))


def least_value(bought: Bought) -> float:
    """Half the mean value of an order day."""
    return float(bought.net_minor.sum()) / max(1.0, bought.order_days) / 2


def sampling_error(bought: Bought) -> float:
    """Relative error of what all repeat order days brought, were other customers drawn: sqrt(sum v^2) / sum v, v by buyer; 1 where nothing came.

    On the CDNOW sample it is close to the error from the Hessian of the fitted model.
    """
    values = bought.net_minor - bought.first_net_minor
    whole = float(values.sum())
    return min(1.0, math.sqrt(float((values * values).sum())) / whole) if whole > 0 else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Chance:
    """The distribution of what one buyer brings over some days: nothing with `nothing`, else gamma with the mean and squared variation given.

    One entry per buyer. `variation` is the variance of the value, given that something is bought, over the squared mean.
    """

    expected: NDArray[Any]
    nothing: NDArray[Any]
    variation: NDArray[Any]

    @property
    def variance(self) -> NDArray[Any]:
        """Variance of the value by buyer."""
        some = np.maximum(1 - self.nothing, 1e-12)
        found: NDArray[Any] = self.expected**2 * ((1 + self.variation) / some - 1)
        return found

    def relative_variance(self, rows: NDArray[Any] | slice = slice(None)) -> float:
        """Variance of the sum over `rows` / its square; 0 where nothing is expected."""
        whole = float(self.expected[rows].sum())
        return float(self.variance[rows].sum()) / whole**2 if whole > 0 else 0.0

    def quantile(self, share: float, level: NDArray[Any] | float = 0.0) -> NDArray[Any]:
        """The value that `share` of such buyers stay below; `level` is the standard deviation of an error common to many."""
        from scipy.special import gammaincinv

        some = np.maximum(1 - self.nothing, 1e-12)
        variation = np.maximum((1 + self.variation) * (1 + np.square(level)) - 1, 1e-9)
        place = (share - self.nothing) / some
        out = np.zeros(self.expected.size)
        rows = np.flatnonzero((place > 0) & (self.expected > 0))
        shape = 1 / variation[rows]
        out[rows] = self.expected[rows] / some[rows] / shape * gammaincinv(shape, place[rows])
        return out


def chance(model: Model, h: Histories, days: float, expected_value: NDArray[Any]) -> Chance:
    """The spread of single customers over `days`, from the model's own story.

    Orders: none with the model's P(no order); else 1 + a number with the mean m that gives the model's expectation and the variance
    m (1 + m (1 / (x + 0.5) + 0.1)): negative binomial, and some more for who drops out on the way. Value: each order varies around the customer's mean, and the mean is uncertain. By the law of total variance.
    """
    orders = model.expected_orders(h, days)
    nothing = np.clip(model.probability_of_no_order(h, days), 0.0, 1.0)
    some = np.maximum(1 - nothing, 1e-12)
    mean = np.maximum(orders / some, 1.0)
    spread = (mean - 1) * (1 + (mean - 1) * (1 / (h.frequency + RATE_SHAPE) + DROPPING_OUT))
    within, between = value_spread(model, h)
    variation = within * (1 + between) / mean + (1 + between) * (spread / mean**2 + 1) - 1
    return Chance(np.maximum(expected_value, 0.0), nothing, variation)


def value_spread(model: Model, h: Histories) -> tuple[float, NDArray[Any]]:
    """Squared variation of order values within a customer, and of what is not known of the customer's mean after x repeat orders."""
    known = model.spend
    if isinstance(known, GammaGamma):
        return 1 / known.p, 1 / np.maximum(known.p * h.frequency + known.q - 2, 0.5)
    return VALUE_WITHIN, VALUE_BETWEEN / (1 + h.frequency * VALUE_BETWEEN / VALUE_WITHIN)


def group_of(expected: NDArray[Any]) -> NDArray[Any]:
    """Which of five groups of equal size each belongs to by expected value, 0 the lowest; ties by place.

    >>> group_of(np.array([5.0, 1.0, 3.0, 2.0, 4.0])).tolist()
    [4, 0, 2, 1, 3]
    """
    rank = np.empty(expected.size, np.int64)
    rank[np.argsort(expected, kind="stable")] = np.arange(expected.size)
    return rank * GROUPS // max(1, expected.size)


def levels(looks: Sequence[Look], bought: Bought, factor: float) -> tuple[Level, Level, NDArray[Any]]:
    """How wrong totals of order days and of value were over earlier looks, and the scale of the error of value by group."""
    least = least_value(bought)
    orders = [log_error(look.order_days.sum(), look.expected_order_days.sum(), 0.5) for look in looks]
    values = [log_error(look.whole_value, look.expected_value.sum(), least) for look in looks]
    sampling = sampling_error(bought)
    whole = Level.of(values, sampling)
    groups = np.full(GROUPS, whole.sd)
    squares = np.zeros(GROUPS)
    for look in looks:
        expected, came = look.expected_value, look.value
        group = group_of(expected)
        own = chance(look.model, look.bought.histories, look.afterwards.days, expected)
        for g in range(GROUPS):
            rows = np.flatnonzero(group == g)
            error = log_error(came[rows].sum(), expected[rows].sum(), least)
            # What chance alone moves in so small a group is no error of the level.
            squares[g] += max(0.0, error**2 - own.relative_variance(rows))
    if looks:
        groups = np.sqrt((ASSUMED_LOOKS * groups**2 + squares) / (ASSUMED_LOOKS + len(looks)))
    return Level.of(orders, sampling).widened(factor), whole.widened(factor), groups * factor
