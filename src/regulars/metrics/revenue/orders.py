"""Orders: how many orders were placed and kept?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from regulars.metrics.card import Better, Grain, Kind, Unit
from regulars.metrics.declare import total

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@total(
    question="How many orders were placed in the window and neither cancelled nor given back in full?",
    unit=Unit.COUNT,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.ORDER,
    formula="number of O",
    symbols={"O": "kept orders: not cancelled, and worth more than zero after their refunds before as-of"},
    undefined_when="there are no orders at all",
    source="Catalogue of metrics; docs/definitions.md, Orders",
    needs=("orders",),
    dimensions=("channel", "campaign"),
)
def orders(t: Tables) -> ir.Table:
    """One row per kept order of the window, with or without a known customer."""
    rows = t.kept_orders.inner_join(t.window_days, "local_day")
    return rows.select("window_id", "customer_id", "channel", "campaign", row_id=rows.order_id, numerator=ibis.literal(1, "int64"))
