"""Cost per lead: what does a lead cost?"""

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
    question="How much was spent for each lead that the spending brought?",
    unit=Unit.MONEY,
    better=Better.LOWER,
    kind=Kind.ACTIVITY,
    grain=Grain.COST,
    formula="K / L",
    symbols={"K": "costs with a count of leads, whole, whose period begins in the window", "L": "the leads counted for them"},
    undefined_when="no cost that begins in the window has leads",
    source="Requirements M-65; an activity, not an outcome: prefer what is sold in the end",
    requirements=("M-65",),
    needs=("costs",),
    interval=Interval.CLUSTERED,
    money=("numerator",),
    dimensions=("channel", "campaign"),
)
def cost_per_lead(t: Tables) -> ir.Table:
    """One row per window and cost that begins in it."""
    costs = t.cost_rows.filter(_.leads.notnull())
    rows = costs.inner_join(t.window_days, costs.first_day == t.window_days.local_day)
    return rows.select(
        "window_id",
        "channel",
        "campaign",
        customer_id=ibis.null("string"),
        row_id=rows.row_key,
        numerator=rows.amount_minor,
        denominator=rows.leads,
    )
