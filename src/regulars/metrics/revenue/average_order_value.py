"""Average order value: what is a kept order worth?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@ratio(
    question="What is an order of the window worth on average, after its refunds?",
    unit=Unit.MONEY,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.ORDER,
    formula="V / N",
    symbols={"V": "net value of the kept orders: after discounts and refunds, without tax and shipping", "N": "number of kept orders"},
    undefined_when="N = 0",
    source="Requirements M-02, M-24: revenue divided by the number of purchases in the same span; refunds are booked on their order",
    requirements=("M-02", "M-24"),
    needs=("orders",),
    interval=Interval.CLUSTERED,
    money=("numerator",),
    dimensions=("channel", "campaign"),
)
def average_order_value(t: Tables) -> ir.Table:
    """One row per kept order of the window; the orders of one customer resemble each other, so the interval is clustered by customer.

    Two orders of 10.00 and 30.00, and 10.00 of the second given back, are worth (10.00 + 20.00) / 2 = 15.00 on average.
    """
    rows = t.kept_orders.inner_join(t.window_days, "local_day")
    return rows.select(
        "window_id",
        "customer_id",
        "channel",
        "campaign",
        row_id=rows.order_id,
        numerator=rows.net_minor,
        denominator=ibis.literal(1, "int64"),
    )
