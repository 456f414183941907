"""Paid acquisition cost: what does it cost to win a customer through paid channels?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio
from regulars.relations.costs import acquisition_rows, without_costs

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables

CHOSEN = (_.purpose == "acquisition") & (_.is_paid == 1)


@ratio(
    question="What do paid channels cost for each customer who was won through them?",
    unit=Unit.MONEY,
    better=Better.LOWER,
    kind=Kind.OUTCOME,
    grain=Grain.COST,
    formula="P / C",
    symbols={
        "P": "costs of paid channels for acquisition, spread evenly over the days of their period",
        "C": "customers with their first kept order in the window whose acquisition channel has paid costs",
    },
    undefined_when="no such cost is imported, nobody was won in the window, or the data begin less than inactive_after_days before it",
    source="Requirements M-14, X-06: only customers acquired through paid channels count",
    requirements=("M-14",),
    needs=("orders or costs",),
    interval=Interval.NONE,
    money=("numerator",),
    dimensions=("acquisition_channel",),
    empty="zero_denominator",
    needs_history=True,
    unless=without_costs(CHOSEN),
)
def cac_paid(t: Tables) -> ir.Table:
    """One row per cost of a paid channel and one per customer won through one."""
    return acquisition_rows(t.window_costs.filter(CHOSEN), t.new_buyers.semi_join(t.paid_channels, "acquisition_channel"))
