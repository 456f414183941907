"""Basic acquisition cost: what does it cost in media to win a customer?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio
from regulars.relations.costs import acquisition_rows, without_costs

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables

CHOSEN = (_.purpose == "acquisition") & (_.kind == "media")


@ratio(
    question="How much was spent on media for each customer who was won?",
    unit=Unit.MONEY,
    better=Better.LOWER,
    kind=Kind.OUTCOME,
    grain=Grain.COST,
    formula="M / C",
    symbols={
        "M": "media costs for acquisition, spread evenly over the days of their period",
        "C": "customers whose first kept order is in the window",
    },
    undefined_when="no such cost is imported, nobody was won in the window, or the data begin less than inactive_after_days before it",
    source="Requirements M-09, X-05: 3,000 / 100 = 30",
    requirements=("M-09",),
    needs=("orders or costs",),
    interval=Interval.NONE,
    money=("numerator",),
    dimensions=("acquisition_channel",),
    empty="zero_denominator",
    needs_history=True,
    unless=without_costs(CHOSEN),
)
def cac_basic(t: Tables) -> ir.Table:
    """One row per media cost and one per customer won.

    Media 3,000 and 100 new customers: 3,000 / 100 = 30.
    """
    return acquisition_rows(t.window_costs.filter(CHOSEN), t.new_buyers)
