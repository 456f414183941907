"""Churn rate: what share of the customers at the start was lost?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@ratio(
    question="Of the customers who were active at the start of the window, what share was no longer active at its end?",
    unit=Unit.RATIO,
    better=Better.LOWER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="L / S",
    symbols={"L": "customers at the start who are not active at the end", "S": "customers active at the start"},
    undefined_when="S = 0, or (by inactivity) the data begin less than inactive_after_days before the window",
    source="Requirements M-33, X-31: only customers present at the start count; joiners who left inside are shown beside",
    requirements=("M-33",),
    interval=Interval.WILSON,
    beside={"joined_and_left": "customers who became active inside the window and were not active at its end"},
    needs_history=True,
)
def churn_rate(t: Tables) -> ir.Table:
    """One row per window and customer at the start; joiners who left are rows without a denominator."""
    at_start = t.active_at_edges.filter(_.at_start == 1).select(
        "window_id", "customer_id", numerator=1 - _.at_end, denominator=_.at_start, joined_and_left=ibis.literal(0, "int64")
    )
    nothing = ibis.literal(0, "int64")
    joined = t.joined_and_left.select(
        "window_id", "customer_id", numerator=nothing, denominator=nothing, joined_and_left=ibis.literal(1, "int64")
    )
    return at_start.union(joined)
