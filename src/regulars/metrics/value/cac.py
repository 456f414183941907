"""Customer acquisition cost: what does it cost to win a customer, all told?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio
from regulars.relations.costs import ACQUIRING, acquisition_rows, without_costs

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables

CHOSEN = (_.purpose == "acquisition") & _.kind.isin(ACQUIRING)


@ratio(
    question="What did it cost to win a customer, with media, wages, software, services and overhead?",
    unit=Unit.MONEY,
    better=Better.LOWER,
    kind=Kind.OUTCOME,
    grain=Grain.COST,
    formula="(M + W + S + P + O) / C",
    symbols={
        "M": "media",
        "W": "wages",
        "S": "software",
        "P": "professional services",
        "O": "overhead; costs for acquisition, each spread evenly over the days of its period",
        "C": "customers whose first kept order is in the window",
    },
    undefined_when="no such cost is imported, nobody was won in the window, or the data begin less than inactive_after_days before it",
    source="Requirements M-10, M-11, M-12, X-05: (3,000 + 200 + 100 + 300 + 100) / 100 = 37",
    requirements=("M-10", "M-11", "M-12"),
    needs=("orders or costs",),
    interval=Interval.NONE,
    money=("numerator",),
    dimensions=("acquisition_channel",),
    empty="zero_denominator",
    needs_history=True,
    unless=without_costs(CHOSEN),
)
def cac(t: Tables) -> ir.Table:
    """One row per cost and one per customer won.

    Media 3,000, wages 200, software 100, services 300, overhead 100 and 100 new customers: 3,700 / 100 = 37.
    """
    return acquisition_rows(t.window_costs.filter(CHOSEN), t.new_buyers)
