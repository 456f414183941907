"""Payback period: after how many months has a customer earned what they cost to win?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from regulars import money
from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import curve
from regulars.metrics.earnings import margin
from regulars.metrics.estimates import Estimate, Undefined
from regulars.metrics.worksheet import months_to_pay_back
from regulars.relations.base import flag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ibis.expr.types as ir

    from regulars.relations.registry import Tables

MONTH = 30
CHANNEL = "acquisition_channel"


def _acquisition_cost(around: Mapping[str, Any]) -> float | Undefined:
    """CAC in major units: of the channel where it is asked by channel, else of the whole company."""
    from regulars.metrics.catalogue import run

    memo, window = around["memo"], around["window"]
    by_channel = CHANNEL if around["group_by"] == CHANNEL else None
    if "cac" not in memo:
        memo["cac"] = {
            (v.window_start, v.window_end, v.group): v.value for v in run(around["session"], "cac", around["windows"], by_channel)
        }
    found = memo["cac"].get((window.start, window.end, around["group"] if by_channel else None))
    return Undefined("no_costs") if found is None else found


def _months(rows: Sequence[Mapping[str, Any]], around: Mapping[str, Any]) -> Estimate | Undefined:
    cost = _acquisition_cost(around)
    if isinstance(cost, Undefined):
        return Undefined("part_undefined")
    earned = margin(around)
    customers = sum(int(row["customers"]) for row in rows)
    currency = str(around["session"].currency)
    by_month = {int(row["age"]): money.to_major(int(row["net_minor"]), currency) for row in rows}
    curve_, reached, month = [], 0.0, None
    for age in range(1, max(by_month) + 1):
        reached += by_month.get(age, 0.0)
        per_customer = reached * earned.share / customers
        curve_.append(per_customer)
        if month is None and per_customer >= cost:
            month = age
    if month is None:
        return Undefined("not_reached")
    beside = {
        "curve": tuple(curve_),
        "acquisition_cost": cost,
        "basis": earned.basis,
        "margin": earned.share,
        "simple_months": months_to_pay_back(cost, curve_[-1] / len(curve_)),
    }
    return Estimate(value=float(month), n=customers, beside=beside)


@curve(
    question="In which month after their first order have the customers won in the window earned what it cost to win them?",
    unit=Unit.MONTHS,
    better=Better.LOWER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="smallest k with (sum of V over customer ages below 30 k days) x m / N >= C",
    symbols={
        "V": "net value of kept orders",
        "m": "margin: gross margin of the 365 days up to the window's end, else the setting margin_rate, else 1 (revenue; said beside)",
        "N": "customers whose first kept order is in the window",
        "C": "cac of the window (by acquisition channel: of the channel)",
    },
    undefined_when="cac has no value, or the margin has not reached it within the data",
    source="Requirements M-18; docs/definitions.md, Value",
    requirements=("M-18",),
    needs=("orders",),
    interval=Interval.NONE,
    empty="part_undefined",
    needs_history=True,
    beside={
        "curve": "cumulative margin per customer by month of age",
        "acquisition_cost": "what it cost to win a customer",
        "basis": "gross_margin, margin_rate or revenue: where the margin comes from",
        "margin": "share of revenue that is earned",
        "simple_months": "the simple form: acquisition cost / mean margin a month over the months shown",
    },
    reduce=_months,
)
def payback_months(t: Tables) -> ir.Table:
    """One row per kept order of a customer won in the window, by month of customer age, each month of 30 days."""
    won = t.new_buyers.select("window_id", "first_day", member="customer_id")
    orders = t.kept_orders.inner_join(won, t.kept_orders.customer_id == won.member)
    age = ((_.local_day - _.first_day).cast("float64") / float(MONTH)).floor().cast("int64") + ibis.literal(1, "int64")
    return orders.select("window_id", "customer_id", "net_minor", age=age, customers=flag(_.order_number == 1))
