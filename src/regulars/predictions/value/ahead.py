"""What is expected in each week or month ahead: of the customers of today, and of those to come at the recent rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.predictions.clv.histories import Histories
from regulars.predictions.clv.model import MONTH
from regulars.predictions.value.shrunk import own_model
from regulars.predictions.value.simulating import active_each_day, coming_orders

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.predictions.value.buying import Bought
    from regulars.predictions.value.looks import Afterwards
    from regulars.predictions.value.shrunk import Model

MEASURES = ("active", "orders", "revenue_minor")
SIMULATED = 20_000
"""Buyers who are followed ahead at most; a larger company is represented by so many of them."""
PATHS = 60_000
"""Paths that are drawn at least."""
ORDERS = 600_000
"""Orders that are drawn at most, where three times all buyers do not take more."""
LEAST_RECENT_DAYS = 28
WEEK = 7

MOST_RECENT_DAYS = 90

Path = dict[str, "NDArray[Any]"]
"""By measure, one number per period: active at its end (and `certain`: who is so whatever happens), orders and net value in it."""


def period_ends(days: int, by: str) -> NDArray[Any]:
    """The ends of the weeks or months ahead, in days; the last one is cut at `days`.

    >>> period_ends(30, "week").tolist()
    [7, 14, 21, 28, 30]
    >>> period_ends(91, "month").tolist()
    [30, 61, 91]
    """
    length = WEEK if by == "week" else MONTH
    whole = np.round(np.arange(1, int(days / length) + 2) * length).astype(np.int64)
    return np.append(whole[whole < days], days)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How many customers buy for the first time, a day, and for how much: the mean of the last `days` days.

    Half a customer is put to what was seen, so that where nobody came, few but not surely none are counted on.
    """

    days: int
    seen: int
    per_day: float
    first_minor: float

    @classmethod
    def of(cls, bought: Bought, ahead: int) -> Arrivals:
        """From as many days before as are asked for ahead, at least 28 and at most 90, where the history has them."""
        seen = int(bought.as_of_day - bought.first_day.min())
        days = max(1, min(max(ahead, LEAST_RECENT_DAYS), MOST_RECENT_DAYS, seen))
        recent = bought.first_day >= bought.as_of_day - days
        each = bought.first_net_minor[recent] if recent.any() else bought.first_net_minor
        return cls(days, int(recent.sum()), (float(recent.sum()) + 0.5) / days, float(each.mean()))


def of_today(bought: Bought, model: Model, ends: NDArray[Any], reach: int, *, seed: int = 0) -> Path:
    """Expected of those who have bought: orders and value by the model's closed form, active ones by following drawn paths."""
    h = bought.histories
    each = model.expected_value_per_order(h) * (1 - bought.returned_share)
    orders, value = np.empty(ends.size), np.empty(ends.size)
    for k, end in enumerate(ends):
        expected = model.expected_orders(h, float(end))
        orders[k], value[k] = expected.sum(), expected @ each
    a_day = float(bought.orders.sum()) / max(1.0, bought.order_days)
    return {
        "active": _active(bought, model, int(ends[-1]), reach, seed)[ends],
        "certain": certain(bought, ends, reach),
        "orders": np.diff(orders, prepend=0.0) * a_day,
        "revenue_minor": np.diff(value, prepend=0.0),
    }


def certain(bought: Bought, ends: NDArray[Any], reach: int) -> NDArray[Any]:
    """How many are active at each end by the orders that they have placed already."""
    last = np.sort(bought.histories.recency_days - bought.histories.age_days)
    found: NDArray[Any] = (last.size - np.searchsorted(last, ends - reach)).astype(float)
    return found


def _active(bought: Bought, model: Model, days: int, reach: int, seed: int) -> NDArray[Any]:
    random = np.random.default_rng(seed)
    h = bought.histories
    rows = np.arange(h.buyers) if h.buyers <= SIMULATED else np.sort(random.choice(h.buyers, SIMULATED, replace=False))
    some = Histories(h.frequency[rows], h.recency_days[rows], h.age_days[rows], h.mean_value[rows])
    last = some.recency_days - some.age_days
    planned = float(model.expected_orders_if_alive(some, days).sum())
    draws = max(3, min(200, PATHS // max(1, rows.size), int(ORDERS / max(1.0, planned))))
    total = np.zeros(days + 1)
    for _draw in range(draws):
        total += active_each_day(*coming_orders(model, some, days, random), last, reach, days)
    return total / draws * h.buyers / max(1, rows.size)


def of_new(bought: Bought, model: Model, arrivals: Arrivals, ends: NDArray[Any], reach: int, *, seed: int = 0) -> Path:
    """Expected of those to come: so many a day, each with a first order and the repeat orders of a new customer of the model."""
    days = int(ends[-1])
    own, one = own_model(model), Histories([0], [0], [0], [0.0])
    again = np.array([float(own.expected_orders(one, age)[0]) for age in range(days + 1)])
    # Whoever comes on day s is on average half a day older at its end: the mean of both edges.
    by_age = np.cumsum((again[1:] + again[:-1]) / 2)
    repeats = arrivals.per_day * by_age[ends - 1]
    firsts = arrivals.per_day * ends
    a_day = float(bought.orders.sum()) / max(1.0, bought.order_days)
    kept = 1 - bought.returned_share
    usual = float(own.expected_value_per_order(one)[0])
    many = 2_000
    random = np.random.default_rng(seed)
    new = Histories(np.zeros(many, int), np.zeros(many, int), np.zeros(many, int), np.zeros(many))
    staying = active_each_day(*coming_orders(own, new, days, random), np.full(many, -1), reach, days) / many
    return {
        "active": arrivals.per_day * np.cumsum(staying[:days])[ends - 1],
        "certain": np.zeros(ends.size),
        "orders": np.diff(firsts + repeats, prepend=0.0) * a_day,
        "revenue_minor": np.diff(firsts * arrivals.first_minor + repeats * usual, prepend=0.0) * kept,
    }


def came_of_today(bought: Bought, after: Afterwards, ends: NDArray[Any], reach: int) -> Path:
    """What those who had bought then did."""
    h = bought.histories
    active = active_each_day(after.buyer, after.day, h.recency_days - h.age_days, reach, after.days)
    return {"active": active[ends].astype(float), **_sums(after.day, after.orders, after.net_minor, ends)}


def came_of_new(after: Afterwards, ends: NDArray[Any], reach: int) -> Path:
    """What those did who first bought afterwards."""
    until = np.minimum(after.new_day + reach, after.new_next_day)
    size = after.days + 2
    begins, stops = np.clip(after.new_day + 1, 0, size - 1), np.clip(until + 1, 0, size - 1)
    active = np.cumsum(np.bincount(begins, minlength=size) - np.bincount(stops, minlength=size))
    return {"active": active[ends].astype(float), **_sums(after.new_day, after.new_orders, after.new_net_minor, ends)}


def _sums(day: NDArray[Any], orders: NDArray[Any], net: NDArray[Any], ends: NDArray[Any]) -> Path:
    period = np.searchsorted(ends, day, side="right")
    inside = period < ends.size
    sums = {"orders": orders, "revenue_minor": net}
    return {name: np.bincount(period[inside], values[inside], minlength=ends.size).astype(float) for name, values in sums.items()}
