"""Revenue share of existing customers: how much comes from those who had bought before?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.metrics.card import Band, Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio
from regulars.relations.base import flag

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@ratio(
    question="What share of the window's revenue comes from customers who had bought before the window began?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.ORDER,
    formula="E / R",
    symbols={
        "E": "revenue of the customers whose first kept order lies before the window's start",
        "R": "revenue of the window, less refunds at their own date, of known customers",
    },
    undefined_when="R = 0",
    source="Requirements M-29, X-62: average firms 30 %, best performers 50 %; points of reference, not verdicts",
    requirements=("M-29",),
    needs=("orders",),
    interval=Interval.CLUSTERED,
    money=("numerator", "denominator"),
    dimensions=("channel", "campaign"),
    bands=(
        Band("below average firms (30 %)", -math.inf, 0.30),
        Band("between average firms (30 %) and best performers (50 %)", 0.30, 0.50),
        Band("among best performers (50 %)", 0.50, math.inf),
    ),
)
def existing_customer_revenue_share(t: Tables) -> ir.Table:
    """One row per order row of a known customer in the window; rows without a customer are counted as excluded.

    A window that reaches over all data has no existing customers: the share is 0 by definition.
    """
    rows = t.order_rows.inner_join(t.window_days, "local_day").inner_join(t.windows.select("window_id", "start_day"), "window_id")
    first = t.buyers.select(buyer="customer_id", first_day="first_day")
    rows = rows.left_join(first, rows.customer_id == first.buyer)
    nothing, known = ibis.literal(0, "int64"), _.customer_id.notnull()
    return rows.select(
        "window_id",
        "customer_id",
        "channel",
        "campaign",
        row_id=_.row_key,
        numerator=(known & (_.first_day < _.start_day)).ifelse(_.amount_minor, nothing),
        denominator=known.ifelse(_.amount_minor, nothing),
        excluded=flag(_.customer_id.isnull()),
    )
