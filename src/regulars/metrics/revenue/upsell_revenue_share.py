"""Upsell revenue share: how much comes from upgrades, add-ons and cross-sell?"""

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
    question="What share of revenue comes from selling more to those who had bought already: upgrades, add-ons, other categories?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.LINE,
    formula="U / R",
    symbols={
        "U": "with subscriptions: what each running one brings above its first month, and all of those that a customer took beside an earlier one; "
        "without: order lines in categories (products where there are none) that the customer's first kept order did not hold",
        "R": "with subscriptions: monthly recurring revenue at the window's end; without: the lines of kept orders of known customers in the window",
    },
    undefined_when="R = 0",
    source="Requirements M-28: new companies 10-30 %, experienced ones 50 % or more",
    requirements=("M-28",),
    needs=("subscriptions or order_lines",),
    interval=Interval.CLUSTERED,
    money=("numerator", "denominator"),
    beside={"basis": "whether subscriptions or order lines are counted"},
    bands=(
        Band("below a young company", -math.inf, 0.10),
        Band("young company", 0.10, 0.31),
        Band("between", 0.31, 0.50),
        Band("experienced company", 0.50, math.inf),
    ),
)
def upsell_revenue_share(t: Tables) -> ir.Table:
    """One row per running subscription at the window's end; where there are no subscriptions at all, one per order line of the window."""
    return _of_subscriptions(t).union(_of_lines(t))


def _of_subscriptions(t: Tables) -> ir.Table:
    states, windows = t.subscription_states, t.windows
    started = states.filter(_.change_number == 1)
    turn = ibis.row_number().over(group_by="customer_id", order_by=["effective_day", "subscription_id"])
    started = started.mutate(turn=turn).select(started_id="subscription_id", turn="turn")
    rows = states.filter(_.running == 1).inner_join(
        windows, [states.first_boundary <= windows.seen_end_day, states.last_boundary >= windows.seen_end_day]
    )
    rows = rows.inner_join(started, rows.subscription_id == started.started_id)
    more = ibis.greatest(_.mrr_minor - _.first_mrr_minor, ibis.literal(0, "int64"))
    return rows.select(
        "window_id",
        "customer_id",
        row_id=_.subscription_id,
        numerator=((_.turn > 0) & _.customer_id.notnull()).ifelse(_.mrr_minor, more),
        denominator=_.mrr_minor,
        excluded=ibis.literal(0, "int64"),
        basis=ibis.literal("subscriptions"),
    )


def _of_lines(t: Tables) -> ir.Table:
    subscriptions = t.subscription_states.count().as_scalar()
    lines = t.line_rows.filter(_.kind == "purchase").mutate(sold=ibis.coalesce(_.category, _.product_id))
    lines = lines.select(line_order="order_id", row_id="row_key", sold="sold", amount_minor="amount_minor")
    kept = t.kept_orders.filter(_.customer_id.notnull()).select("order_id", "customer_id", "local_day", "order_number")
    lines = kept.inner_join(lines, kept.order_id == lines.line_order)
    first = lines.filter(_.order_number == 1, _.sold.notnull()).select(buyer="customer_id", known="sold").distinct()
    rows = lines.inner_join(t.window_days, "local_day").filter(subscriptions == 0)
    rows = rows.left_join(first, [rows.customer_id == first.buyer, rows.sold == first.known])
    nothing = ibis.literal(0, "int64")
    return rows.select(
        "window_id",
        "customer_id",
        "row_id",
        numerator=(_.sold.notnull() & _.known.isnull()).ifelse(_.amount_minor, nothing),
        denominator=_.sold.notnull().ifelse(_.amount_minor, nothing),
        excluded=flag(_.sold.isnull()),
        basis=ibis.literal("order lines"),
    )
