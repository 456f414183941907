"""Estimates with their intervals, and `Undefined` for what has no value."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from regulars.metrics.card import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping

Z = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""

CANCELLED = 1e-13
"""Below this share of what was subtracted, a difference of sums of squares is rounding: all clusters are alike."""

REASONS = {
    "no_data": "there is nothing to count",
    "zero_denominator": "the sum below the line is zero",
    "history_too_short": "the data do not reach far enough back before the window",
    "mixed_scales": "answers on different scales are never averaged",
    "no_margin": "neither unit costs nor the setting margin_rate say what is earned on an order",
    "no_rate": "the discount rate is not given; give --arg rate=0.1 or set discount_rate",
    "no_costs": "no costs are imported for it",
    "not_reached": "it is not reached within the data",
    "not_one_company": "it has a value for the whole company only",
    "part_undefined": "a part of it has no value",
    "no_predictions": "no such predictions had been kept by then; run: regulars predict",
    "no_subscriptions": "nobody has subscribed yet",
    "no_buyers": "nobody has bought yet",
    "no_time_passed": "everybody bought for the first time on this very day: nobody can have come back",
    "no_repeats": "nobody has ordered on a second day yet",
    "not_converged": "no parameters explain the data better than all others",
    "few_buyers": "too few have bought, or bought again, to tell customers apart",
    "one_customer": "an arm has fewer than two customers",
    "all_alike": "nobody differs from anybody",
    "one_arm": "there is nothing to compare with: only one arm",
    "too_few": "too few customers",
    "too_many": "more customers than there are people",
    "control_too_small": "the control mean is too close to zero to divide by",
    "one_study": "one experiment is nothing to pool",
    "undivided": "the experiment is not assigned to anybody",
    "one_outcome": "either everybody left or nobody did",
}


@dataclass(frozen=True, slots=True)
class Undefined:
    """There is no such number; `reason` is a stable code.

    >>> str(Undefined("no_data"))
    'undefined: there is nothing to count'
    """

    reason: str

    def __str__(self) -> str:
        return f"undefined: {REASONS.get(self.reason, self.reason)}"

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with what it was made of; `low` and `high` are None where there is no interval."""

    value: float
    numerator: float | None = None
    denominator: float | None = None
    low: float | None = None
    high: float | None = None
    method: Interval = Interval.NONE
    n: int = 0
    excluded: int = 0
    beside: Mapping[str, Any] = field(default_factory=dict)


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """Wilson's score interval of a share, 95 %; Wilson (1927), JASA 22.

    >>> low, high = wilson(5, 10)
    >>> round(low, 4), round(high, 4)
    (0.2366, 0.7634)
    """
    share = successes / trials
    centre = (share + Z * Z / (2 * trials)) / (1 + Z * Z / trials)
    half = Z / (1 + Z * Z / trials) * math.sqrt(share * (1 - share) / trials + Z * Z / (4 * trials * trials))
    return max(0.0, centre - half), min(1.0, centre + half)


def linearised(n: int, numerator: float, denominator: float, squares: tuple[float, float, float]) -> tuple[float, float] | None:
    """Taylor-linearised interval of a ratio of sums over `n` independent clusters, 95 %; None below two clusters.

    `squares` are the sums of numerator^2, denominator^2 and numerator x denominator by cluster. With R = numerator / denominator and
    e = numerator_i - R denominator_i: var(R) = n / (n - 1) x sum(e^2) / denominator^2; Cochran, Sampling Techniques (1977), eq. 6.13.
    """
    if n < 2 or denominator == 0:
        return None
    value = numerator / denominator
    residual = squares[0] - 2 * value * squares[2] + value * value * squares[1]
    if residual < CANCELLED * squares[0]:
        residual = 0.0
    half = Z * math.sqrt(n / (n - 1) * residual) / abs(denominator)
    return value - half, value + half


def adjusted_wald(promoters: float, detractors: float, n: float) -> tuple[float, float]:
    """Interval of promoters' minus detractors' share with three quarters added to both and three to n, 95 %, in points of 100.

    Rocks (2016), Interval estimation for the Net Promoter Score, The American Statistician 70.
    """
    p, d, size = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3), n + 3
    half = Z * math.sqrt(max(0.0, p + d - (p - d) ** 2) / size)
    return max(-100.0, 100 * (p - d - half)), min(100.0, 100 * (p - d + half))
