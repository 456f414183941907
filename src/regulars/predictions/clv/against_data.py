"""How a fitted purchase model compares with the orders it was fitted on: by number of orders, and over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.errors import HistoriesRefused

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from regulars.predictions.clv.histories import Histories
    from regulars.predictions.clv.model import ValueModel

WEEK = 7


@dataclass(frozen=True, slots=True)
class Calibration:
    """Buyers by number of repeat orders, 0, 1, 2 ... and the last number or more: how many there are, how many the model expects."""

    orders: tuple[int, ...]
    actual: tuple[int, ...]
    expected: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Tracking:
    """Repeat orders of all buyers together until the end of each week: how many there were, how many the model expects."""

    days: tuple[int, ...]
    """Days from the first day to the end of the week."""
    actual: tuple[int, ...]
    expected: tuple[float, ...]

    @property
    def error(self) -> float | None:
        """Expected over actual, less 1, at the end; None without an actual order."""
        return self.expected[-1] / self.actual[-1] - 1 if self.actual and self.actual[-1] else None


def calibration(model: ValueModel, histories: Histories, most: int = 7) -> Calibration:
    """Actual and expected number of buyers with 0, 1, ... `most` or more repeat orders, each over his own age."""
    ages, buyers = np.unique(histories.age_days, return_counts=True)
    shares = model.purchases.counts(ages.astype(np.float64), most)
    actual = np.bincount(np.minimum(histories.frequency, most), minlength=most + 1)
    return Calibration(tuple(range(most + 1)), tuple(int(n) for n in actual), tuple(float(n) for n in buyers @ shares))


def tracking(model: ValueModel, first_days: ArrayLike, repeat_days: ArrayLike, until: int) -> Tracking:
    """Cumulative repeat orders by week, from the first of `first_days` to the day `until`, which is not counted.

    `first_days` holds the first order day of each buyer, `repeat_days` the day of each later order day of anybody (day numbers). A buyer who came on
    day f is expected to order E(X(d - f)) times again until day d. Days of the future may be asked: the model goes on, the orders stop.
    """
    first, repeat = np.asarray(first_days, dtype=np.int64), np.asarray(repeat_days, dtype=np.int64)
    if not first.size:
        return Tracking((), (), ())
    start = int(first.min())
    if repeat.size and repeat.min() <= start:
        raise HistoriesRefused("a repeat order on or before the first day", expected="days after the first order")
    ends = _ends(int(until) - start)
    arrivals = np.bincount(np.minimum(first - start, ends[-1]), minlength=ends[-1] + 1)
    ages = np.arange(ends[-1] + 1, dtype=np.float64)
    nothing = np.zeros(1)
    # A buyer who came today has a day behind him tomorrow: until the beginning of day d he was observed for d - f days.
    curve = np.array([model.purchases.orders(nothing, nothing, float(age))[0] for age in ages])
    expected = [float(arrivals[: end + 1] @ curve[end::-1]) for end in ends]
    actual = np.searchsorted(np.sort(repeat - start), ends, side="left")
    return Tracking(tuple(int(end) for end in ends), tuple(int(n) for n in actual), tuple(expected))


def _ends(days: int) -> NDArray[Any]:
    whole = np.arange(WEEK, max(days, 1) + 1, WEEK)
    return whole if days >= WEEK and days % WEEK == 0 else np.append(whole, max(days, 0))
