"""Ticket rate: how often do customers need help?"""

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
    question="How many support cases were opened in the window per 100 active customers? A rise is a warning.",
    unit=Unit.RATE,
    better=Better.LOWER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="100 x T / C",
    symbols={"T": "support cases opened in the window", "C": "customers active at the window's end"},
    undefined_when="no customer is active at the window's end, or there are no support cases at all",
    source="Requirements M-55; docs/definitions.md, Experience",
    requirements=("M-55",),
    needs=("tickets",),
    interval=Interval.CLUSTERED,
    scale=100.0,
)
def ticket_rate(t: Tables) -> ir.Table:
    """One row per window and support case, and one per window and active customer."""
    one, none = ibis.literal(1, "int64"), ibis.literal(0, "int64")
    opened = t.tickets_opened.inner_join(t.window_days, "local_day").select(
        "window_id", "customer_id", "row_id", numerator=one, denominator=none
    )
    active = t.active_at_edges.filter(_.at_end == 1).select(
        "window_id", "customer_id", row_id=ibis.null("string"), numerator=none, denominator=one
    )
    return opened.union(active)
