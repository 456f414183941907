"""Repeat purchase rate: what share of the buyers bought more than once?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio
from regulars.relations.base import flag, total

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@ratio(
    question="Of the customers who bought in the window, what share bought at least twice in it?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="R / B",
    symbols={"R": "customers with two or more kept orders in the window", "B": "customers with a kept order in the window"},
    undefined_when="B = 0",
    source="Requirements M-37; it rises with the window's length: compare windows of one length, or see second_order_rate",
    requirements=("M-37",),
    needs=("orders",),
    interval=Interval.WILSON,
)
def repeat_purchase_rate(t: Tables) -> ir.Table:
    """One row per customer with a kept order in the window; two orders on one day are two."""
    days = t.order_days.inner_join(t.window_days, "local_day")
    each = days.group_by("window_id", "customer_id").agg(orders=total(_.orders))
    return each.select("window_id", "customer_id", numerator=flag(_.orders > 1), denominator=ibis.literal(1, "int64"))
