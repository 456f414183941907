"""Lift: how far apart two arms lie, in units and in per cent, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.metrics.estimates import Undefined

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIDENCE = 0.95
LEAST_CONTROL_Z = 3.0
"""Below this many standard errors above zero, the control's mean is too uncertain to divide by."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One arm: customers, their mean, and the variance between them; `base` is the mean before an adjustment, where there was one."""

    n: int
    mean: float
    variance: float
    base: float | None = None

    @classmethod
    def of_sums(cls, n: int, total: float, squares: float) -> Sample:
        """From the number of customers, the sum of their values and the sum of the squares.

        >>> Sample.of_sums(4, 8.0, 20.0)
        Sample(n=4, mean=2.0, variance=1.3333333333333333, base=None)
        """
        if n < 1:
            return cls(0, 0.0, 0.0)
        mean = total / n
        return cls(n, mean, max(0.0, squares - n * mean * mean) / (n - 1) if n > 1 else 0.0)

    @classmethod
    def of_share(cls, n: int, successes: float) -> Sample:
        """From the number of customers and how many of them did it; the variance is p (1 - p)."""
        share = successes / n if n else 0.0
        return cls(n, share, share * (1 - share))

    @classmethod
    def of_values(cls, values: NDArray[Any]) -> Sample:
        """From one value per customer."""
        import numpy as np

        given = np.asarray(values, np.float64)
        if given.size < 2:
            return cls(given.size, float(given.sum()), 0.0)
        return cls(given.size, float(given.mean()), float(given.var(ddof=1)))

    @property
    def squared_error(self) -> float:
        """Squared standard error of the mean."""
        return self.variance / self.n if self.n else 0.0

    @property
    def unadjusted(self) -> float:
        """The mean before an adjustment."""
        return self.mean if self.base is None else self.base


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A difference between arms: the estimate, its interval, its standard error, and the two-sided p-value against no difference."""

    value: float
    low: float
    high: float
    standard_error: float
    p_value: float

    @property
    def is_above_zero(self) -> bool:
        """Whether the whole interval lies above zero."""
        return self.low > 0

    @property
    def is_below_zero(self) -> bool:
        """Whether the whole interval lies below zero."""
        return self.high < 0


def difference(treatment: Sample, control: Sample, *, confidence: float = CONFIDENCE) -> Effect | Undefined:
    """Mean of the treatment less mean of the control, with Welch's interval.

    `d +- t(nu) sqrt(s_t^2 / n_t + s_c^2 / n_c)`, nu by Welch and Satterthwaite; for shares s^2 = p (1 - p), which is the unpooled interval
    of two proportions. Undefined with an arm of fewer than two customers, or when nobody differs from anybody in either arm.
    Source: Welch (1947), Biometrika 34.

    >>> effect = difference(Sample.of_share(21307, 3894), Sample.of_share(21306, 2262))
    >>> round(effect.value, 5), round(effect.low, 4), round(effect.high, 4)
    (0.07659, 0.07, 0.0832)
    """
    error = _squared_error(treatment, control)
    if isinstance(error, Undefined):
        return error
    return _welch(treatment.mean - control.mean, error, treatment, control, confidence)


def relative_difference(treatment: Sample, control: Sample, *, confidence: float = CONFIDENCE) -> Effect | Undefined:
    """The difference as a share of the control's mean, with the interval of the delta method.

    Squared standard error: `s_t^2 / (n_t m_c^2) + s_c^2 m_t^2 / (n_c m_c^4)`. Undefined where `difference` is, and where the control's mean is
    not at least three standard errors above zero: nothing can be said in per cent of what is hardly there.
    """
    error = _squared_error(treatment, control)
    if isinstance(error, Undefined):
        return error
    below = control.unadjusted
    if below <= 0:
        return Undefined("zero_denominator")
    if below < LEAST_CONTROL_Z * math.sqrt(control.squared_error):
        return Undefined("control_too_small")
    above = treatment.unadjusted
    squared = treatment.squared_error / below**2 + control.squared_error * above**2 / below**4
    return _welch((treatment.mean - control.mean) / below, squared, treatment, control, confidence)


def _squared_error(treatment: Sample, control: Sample) -> float | Undefined:
    if not treatment.n or not control.n:
        return Undefined("no_data")
    if min(treatment.n, control.n) < 2:
        return Undefined("one_customer")
    squared = treatment.squared_error + control.squared_error
    scale = max(abs(treatment.mean), abs(control.mean))
    return squared if squared > 1e-24 * scale * scale else Undefined("all_alike")


def _welch(value: float, squared: float, treatment: Sample, control: Sample, confidence: float) -> Effect:
    from scipy.special import stdtr, stdtrit

    error = math.sqrt(squared)
    nu = degrees_of_freedom(treatment, control)
    half = float(stdtrit(nu, 0.5 + confidence / 2)) * error
    p_value = min(1.0, 2 * float(stdtr(nu, -abs(value) / error)))
    return Effect(value=value, low=value - half, high=value + half, standard_error=error, p_value=p_value)


def degrees_of_freedom(treatment: Sample, control: Sample) -> float:
    """Welch and Satterthwaite's degrees of freedom of a difference of two means."""
    a, b = treatment.squared_error, control.squared_error
    return (a + b) ** 2 / (a * a / (treatment.n - 1) + b * b / (control.n - 1))
