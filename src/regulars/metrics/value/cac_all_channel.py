"""All-channel acquisition cost: what does it cost to win a customer over all channels, organic ones included?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio
from regulars.relations.costs import acquisition_rows, without_costs

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables

CHOSEN = (_.purpose == "acquisition") & (_.kind != "goods")


@ratio(
    question="What do all channels together cost for each customer who was won, by whatever way?",
    unit=Unit.MONEY,
    better=Better.LOWER,
    kind=Kind.OUTCOME,
    grain=Grain.COST,
    formula="A / C",
    symbols={
        "A": "all costs for acquisition but goods, spread evenly over the days of their period",
        "C": "all customers whose first kept order is in the window",
    },
    undefined_when="no such cost is imported, nobody was won in the window, or the data begin less than inactive_after_days before it",
    source="Requirements M-13, X-06: the organic cost of the literature divides by all new customers, which is what the name says here",
    requirements=("M-13",),
    needs=("orders or costs",),
    interval=Interval.NONE,
    money=("numerator",),
    dimensions=("acquisition_channel",),
    empty="zero_denominator",
    needs_history=True,
    unless=without_costs(CHOSEN),
)
def cac_all_channel(t: Tables) -> ir.Table:
    """One row per cost and one per customer won."""
    return acquisition_rows(t.window_costs.filter(CHOSEN), t.new_buyers)
