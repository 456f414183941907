"""Gross margin: what share of revenue is left after the cost of goods?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio
from regulars.relations.base import flag, total

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@ratio(
    question="What share of the window's revenue is left after the cost of the goods sold?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.LINE,
    formula="(R - C) / R",
    symbols={
        "R": "value of the order lines of the window, refunds and cancellations at their own date, whose unit cost is known; without such lines, revenue",
        "C": "their quantity x unit cost; without such lines, the costs of kind goods, spread over their days",
    },
    undefined_when="R = 0, or no line of the window has a unit cost and no costs of kind goods fall in it",
    source="Requirements M-22: 4 of cost for every 10 earned is a margin of 60 %",
    requirements=("M-22",),
    needs=("order_lines or costs",),
    interval=Interval.CLUSTERED,
    money=("numerator", "denominator"),
    beside={"basis": "whether the unit costs of lines or the costs of goods are counted"},
    dimensions=("category",),
)
def gross_margin(t: Tables) -> ir.Table:
    """One row per order line of the window; lines without a unit cost are counted as excluded.

    Where no line of the window has a unit cost, one row with revenue less the cost of goods: that belongs to no customer and has no interval.
    """
    rows = t.line_rows.filter(_.kind != "adjustment").inner_join(t.window_days, "local_day")
    known = rows.unit_cost_minor.notnull()
    cost = rows.quantity * rows.unit_cost_minor
    nothing = ibis.literal(0, "int64")
    of_lines = rows.select(
        "window_id",
        "customer_id",
        "category",
        row_id=rows.row_key,
        numerator=known.ifelse(rows.amount_minor.cast("float64") - cost, ibis.literal(0.0, "float64")),
        denominator=known.ifelse(rows.amount_minor, nothing),
        excluded=flag(~known),
        basis=ibis.literal("unit costs of lines"),
    )
    return of_lines.union(_of_goods(t, rows.filter(known).select("window_id").distinct()))


def _of_goods(t: Tables, with_unit_costs: ir.Table) -> ir.Table:
    goods = t.window_costs.filter(_.kind == "goods").group_by("window_id").agg(cost_minor=_.cost_minor.sum())
    revenue = t.order_rows.inner_join(t.window_days, "local_day").group_by("window_id").agg(revenue_minor=total(_.amount_minor))
    # A window without any cost of goods has no margin of 100 %: nobody said what its goods cost.
    rows = revenue.inner_join(goods.filter(_.cost_minor != 0), "window_id").anti_join(with_unit_costs, "window_id")
    return rows.select(
        "window_id",
        customer_id=ibis.null("string"),
        category=ibis.null("string"),
        row_id=ibis.literal("goods"),
        numerator=_.revenue_minor.cast("float64") - _.cost_minor,
        denominator=_.revenue_minor,
        excluded=ibis.literal(0, "int64"),
        basis=ibis.literal("costs of goods"),
    )
