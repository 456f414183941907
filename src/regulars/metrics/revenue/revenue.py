"""Revenue: how much was sold, less what was given back, in the window?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.metrics.card import Better, Grain, Kind, Unit
from regulars.metrics.declare import total

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@total(
    question="What is the value of the orders placed in the window, less the refunds and cancellations dated in it?",
    unit=Unit.MONEY,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.ORDER,
    formula="sum of V",
    symbols={"V": "order value after discounts, without tax and shipping; negative for refunds and cancellations, each at its own date"},
    undefined_when="there are no orders at all",
    source="Requirements M-23; docs/definitions.md, Orders",
    requirements=("M-23",),
    needs=("orders",),
    dimensions=("channel", "campaign"),
)
def revenue(t: Tables) -> ir.Table:
    """One row per order row (purchase, refund, cancellation, adjustment) dated in the window."""
    rows = t.order_rows.inner_join(t.window_days, "local_day")
    return rows.select("window_id", "customer_id", "channel", "campaign", numerator=rows.amount_minor)
