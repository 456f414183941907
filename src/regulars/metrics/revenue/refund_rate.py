"""Refund rate: what share of the value sold was given back?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@ratio(
    question="What share of the value ordered in the window was given back, by refund or by return, up to now?",
    unit=Unit.RATIO,
    better=Better.LOWER,
    kind=Kind.OUTCOME,
    grain=Grain.ORDER,
    formula="G / V",
    symbols={
        "G": "refunds linked to the orders and returns matched to them, before as-of, whenever they happened",
        "V": "value of the orders of the window that are not cancelled, before refunds",
    },
    undefined_when="V = 0",
    source="Catalogue of metrics; docs/definitions.md, Orders: refunds are booked on the order, so recent windows still rise",
    needs=("orders",),
    interval=Interval.CLUSTERED,
    money=("numerator", "denominator"),
    dimensions=("channel", "campaign"),
)
def refund_rate(t: Tables) -> ir.Table:
    """One row per order of the window that is not cancelled; returns that match no purchase are not in it."""
    rows = t.purchases.filter(_.cancelled == 0).inner_join(t.window_days, "local_day")
    return rows.select(
        "window_id",
        "customer_id",
        "channel",
        "campaign",
        row_id=rows.order_id,
        numerator=-rows.refunded_minor,
        denominator=rows.amount_minor,
    )
