"""Resolution time: how long until a case is settled?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import distribution

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@distribution(
    question="How many clock hours does it take, in the middle, until a support case is settled for good?",
    unit=Unit.HOURS,
    better=Better.LOWER,
    kind=Kind.ACTIVITY,
    grain=Grain.TICKET,
    formula="median of (e - o) in clock hours",
    symbols={
        "e": "last time the case was resolved or closed",
        "o": "instant the case was opened; cases opened in the window, settled before as-of",
    },
    undefined_when="no case opened in the window has been settled",
    source="Requirements M-56; clock hours, not business hours; docs/definitions.md, Experience",
    requirements=("M-56",),
    needs=("tickets",),
    interval=Interval.ORDER_STATISTIC,
    dimensions=("priority", "channel", "topic"),
)
def resolution_hours(t: Tables) -> ir.Table:
    """One row per window and support case opened in it; those still waiting have no value and are counted as excluded."""
    cases = t.tickets_opened.inner_join(t.window_days, "local_day")
    waiting = cases.resolution_hours.isnull().ifelse(1, 0).cast("int64")
    return cases.select(
        "window_id", "customer_id", "row_id", "priority", "channel", "topic", value=cases.resolution_hours, excluded=waiting
    )
