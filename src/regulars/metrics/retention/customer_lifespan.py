"""Customer lifespan: how many years does a customer stay?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import curve
from regulars.metrics.estimates import Estimate, Undefined, Z
from regulars.relations.base import flag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ibis.expr.types as ir

    from regulars.relations.registry import Tables

YEAR = 365


def restricted_mean(steps: Sequence[tuple[int, int, int]]) -> tuple[float, float]:
    """Area under the Kaplan-Meier curve up to the longest duration, and Greenwood's variance of it.

    `steps` are (duration, ended, all) by rising duration: of `all` durations of that length `ended` were seen to end there. At equal
    durations ends come before cut-offs. Klein and Moeschberger (2003), Survival Analysis, eq. 4.5.1 and 4.5.2.

    >>> area, variance = restricted_mean(
    ...     [(1, 1, 1), (2, 0, 1), (3, 1, 1)]
    ... )  # one leaves after a day, one after three, one is cut off between
    >>> round(area, 4)
    2.3333
    """
    at_risk = sum(all_ for _duration, _ended, all_ in steps)
    survival, before, area = 1.0, 0, 0.0
    falls: list[tuple[float, int, int]] = []
    for duration, ended, all_ in steps:
        area += survival * (duration - before)
        before = duration
        if ended:
            falls.append((area, ended, at_risk))
            survival *= 1 - ended / at_risk
        at_risk -= all_
    # The last fall has no area behind it, and nobody left where all who were at risk ended.
    variance = sum((area - at) ** 2 * ended / (risk * (risk - ended)) for at, ended, risk in falls if risk > ended)
    return area, variance


def lifespan_estimate(rows: Sequence[Mapping[str, Any]], _around: Mapping[str, Any]) -> Estimate | Undefined:
    """The estimate in years from rows of `age` (days), `ended` and `customers`."""
    steps = sorted((int(row["age"]), int(row["ended"]), int(row["customers"])) for row in rows)
    n = sum(customers for _age, _ended, customers in steps)
    if not n:
        return Undefined("no_data")
    area, variance = restricted_mean(steps)
    half = Z * math.sqrt(variance) / YEAR
    ended = sum(ended for _age, ended, _customers in steps)
    beside = {"ended": ended, "still_there": n - ended, "longest_years": steps[-1][0] / YEAR}
    value = area / YEAR
    if n < 2 or not ended:  # One customer, or nobody who left, says nothing of the spread.
        return Estimate(value=value, n=n, beside=beside)
    return Estimate(
        value=value, low=max(0.0, value - half), high=min(steps[-1][0] / YEAR, value + half), method=Interval.GREENWOOD, n=n, beside=beside
    )


@curve(
    reduce=lifespan_estimate,
    question="How many years pass from a customer's first order until they are lost, as far as the data reach?",
    unit=Unit.YEARS,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="integral of S(u) from 0 to m, / 365",
    symbols={
        "S(u)": "Kaplan-Meier share of customers who are not lost u days after their first kept order (by cancellation: after their subscription began)",
        "m": "the longest time that a customer was watched, in days",
        "lost": "inactive_after_days after the last order, or (by cancellation) when the last subscription stopped running; who is there still is cut off there",
    },
    undefined_when="nobody had bought by the window's end",
    source="Requirements M-04; restricted mean survival time, Klein and Moeschberger (2003), Survival Analysis, 4.5; one-time buyers count. "
    "It cannot exceed the data's length: it is a lower bound until most customers have left",
    requirements=("M-04",),
    needs=("orders or subscriptions",),
    interval=Interval.GREENWOOD,
    beside={
        "ended": "customers who were seen to leave",
        "still_there": "customers who had not left at the window's end",
        "longest_years": "the longest time that a customer was watched; the mean goes no further",
    },
)
def customer_lifespan(t: Tables) -> ir.Table:
    """One row per customer who had bought by the window's end: days watched, and whether they were seen to leave."""
    rows = _by_orders(t).union(_by_subscriptions(t))
    return rows.mutate(customers=ibis.literal(1, "int64"))


def _by_orders(t: Tables) -> ir.Table:
    reach, by_cancellation = t.parameters.inactive_after_days.as_scalar(), t.parameters.by_cancellation.as_scalar()
    days, windows = t.order_days.filter(by_cancellation == 0), t.windows
    rows = days.inner_join(windows, [days.local_day < windows.seen_end_day])
    each = rows.group_by("window_id", "customer_id", "seen_end_day").agg(first_day=_.local_day.min(), last_day=_.local_day.max())
    each = each.mutate(lost_day=_.last_day + reach)
    return _watched(each)


def _by_subscriptions(t: Tables) -> ir.Table:
    by_cancellation = t.parameters.by_cancellation.as_scalar()
    spells, windows = t.spells.filter(by_cancellation == 1), t.windows
    rows = spells.inner_join(windows, [spells.from_day <= windows.seen_end_day])
    each = rows.group_by("window_id", "customer_id", "seen_end_day").agg(first_day=_.from_day.min(), last_day=_.until_day.max())
    # Who begins again on the very day of the window's end has not left; who begins there for the first time has not been watched.
    return _watched(each.filter(_.first_day < _.seen_end_day).mutate(lost_day=_.last_day + 1))


def _watched(each: ir.Table) -> ir.Table:
    until = ibis.least(_.lost_day, _.seen_end_day)
    return each.select("window_id", "customer_id", age=until - _.first_day, ended=flag(_.lost_day <= _.seen_end_day))
