"""Retention rate: what share of the customers at the start stayed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@ratio(
    question="Of the customers who were active at the start of the window, what share was still active at its end?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="K / S = 1 - churn_rate",
    symbols={"K": "customers at the start who are active at the end", "S": "customers active at the start"},
    undefined_when="S = 0, or (by inactivity) the data begin less than inactive_after_days before the window",
    source="Requirements M-36: customers who joined inside the window do not count, or it could exceed 100 %",
    requirements=("M-36",),
    interval=Interval.WILSON,
    needs_history=True,
)
def retention_rate(t: Tables) -> ir.Table:
    """One row per window and customer at the start."""
    return t.active_at_edges.filter(_.at_start == 1).select("window_id", "customer_id", numerator=_.at_end, denominator=_.at_start)
