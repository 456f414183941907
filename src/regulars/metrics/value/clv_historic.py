"""Historic customer value: what have customers spent so far?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import distribution

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@distribution(
    question="How much has a customer who was won in the window spent since, returns taken off?",
    unit=Unit.MONEY,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="sum of V / N",
    symbols={
        "V": "net value of a customer's kept orders from the first to the latest, less returns without an order: revenue, not margin",
        "N": "customers whose first kept order is in the window",
    },
    undefined_when="nobody was won in the window",
    source="Requirements M-05, X-04",
    requirements=("M-05",),
    needs=("orders",),
    interval=Interval.CLUSTERED,
    money=("numerator",),
)
def clv_historic(t: Tables) -> ir.Table:
    """One row per window and customer won in it: their value as of as-of; quartiles are shown beside the mean."""
    return t.new_buyers.select("window_id", "customer_id", value="value_minor")
