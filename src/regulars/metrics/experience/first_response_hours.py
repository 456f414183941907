"""First response time: how long do customers wait for the first answer?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import distribution

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@distribution(
    question="How many clock hours does it take, in the middle, until a person or a bot first answers a support case?",
    unit=Unit.HOURS,
    better=Better.LOWER,
    kind=Kind.ACTIVITY,
    grain=Grain.TICKET,
    formula="median of (a - o) in clock hours",
    symbols={
        "a": "first reply by a person or a bot",
        "o": "instant the case was opened; cases opened in the window, answered before as-of",
    },
    undefined_when="no case opened in the window has been answered",
    source="Requirements M-56; clock hours, not business hours; docs/definitions.md, Experience",
    requirements=("M-56",),
    needs=("tickets",),
    interval=Interval.ORDER_STATISTIC,
    dimensions=("priority", "channel", "topic"),
)
def first_response_hours(t: Tables) -> ir.Table:
    """One row per window and support case opened in it; those still waiting have no value and are counted as excluded."""
    cases = t.tickets_opened.inner_join(t.window_days, "local_day")
    waiting = cases.response_hours.isnull().ifelse(1, 0).cast("int64")
    return cases.select("window_id", "customer_id", "row_id", "priority", "channel", "topic", value=cases.response_hours, excluded=waiting)
