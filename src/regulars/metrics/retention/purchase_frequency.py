"""Purchase frequency: how often does a customer buy?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio
from regulars.relations.base import total

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables

YEAR = 365


@ratio(
    question="How many orders does a customer who buys place in the window (per year: in the year up to its end)?",
    unit=Unit.RATE,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="N / B; per year where the data are shorter than a year: N / Y",
    symbols={
        "N": "kept orders of known customers in the window, or in the 365 days up to its end",
        "B": "customers with one of these orders",
        "Y": "customer-years at risk: the time from each customer's first kept order to the window's end, in years of 365 days",
        "per_year": "whether it is asked for a year",
    },
    undefined_when="B = 0",
    source="Requirements M-03, M-47: purchases divided by unique customers of the same span; a month is never multiplied by 12",
    requirements=("M-03", "M-47"),
    needs=("orders",),
    interval=Interval.CLUSTERED,
    beside={"basis": "buyers of the window, buyers of 365 days, or (shorter history) customer-years at risk"},
    argument_meanings={"per_year": "true for a rate over 365 days whatever the window's length"},
)
def purchase_frequency(t: Tables, *, per_year: bool = False) -> ir.Table:
    """One row per customer who bought, with the orders; the basis is shown beside the value.

    Three buyers with 1, 2 and 3 orders buy 2 times in the window.
    """
    return _of_year(t).union(_at_risk(t)) if per_year else _of_window(t)


def _counted(rows: ir.Table, basis: str) -> ir.Table:
    each = rows.group_by("window_id", "customer_id").agg(numerator=total(_.orders))
    return each.mutate(denominator=ibis.literal(1.0, "float64"), basis=ibis.literal(basis))


def _of_window(t: Tables) -> ir.Table:
    return _counted(t.order_days.inner_join(t.window_days, "local_day"), "buyers of the window")


def _of_year(t: Tables) -> ir.Table:
    days, windows = t.order_days, t.windows.mutate(year_start=_.seen_end_day - YEAR)
    windows = windows.filter(_.year_start >= t.parameters.history_start_day.as_scalar())
    rows = days.inner_join(windows, [days.local_day >= windows.year_start, days.local_day < windows.seen_end_day])
    return _counted(rows, "buyers of 365 days")


def _at_risk(t: Tables) -> ir.Table:
    days, windows = t.order_days, t.windows.filter(_.seen_end_day - YEAR < t.parameters.history_start_day.as_scalar())
    rows = days.inner_join(windows, [days.local_day < windows.seen_end_day])
    each = rows.group_by("window_id", "customer_id", "seen_end_day").agg(numerator=total(_.orders), first_day=_.local_day.min())
    years = (_.seen_end_day - _.first_day).cast("float64") / float(YEAR)
    return each.select("window_id", "customer_id", "numerator", denominator=years, basis=ibis.literal("customer-years at risk"))
