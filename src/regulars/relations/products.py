"""What was bought: goods on the lines of kept orders, products with their latest name, baskets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.relations.registry import Tables, relation

if TYPE_CHECKING:
    import ibis.expr.types as ir


@relation
def goods_lines(t: Tables) -> ir.Table:
    """Purchase lines of kept orders that are goods (no postage, fees or corrections), with the order's customer and day."""
    kept = t.kept_orders.select(kept_order="order_id", customer_id="customer_id", local_day="local_day")
    lines = t.line_rows.filter(_.kind == "purchase", _.is_goods).select(
        "order_id", "row_key", "occurred_at", "product_id", "product_name", "category", "quantity", "amount_minor", "unit_cost_minor"
    )
    return lines.inner_join(kept, lines.order_id == kept.kept_order).drop("kept_order")


@relation
def products(t: Tables) -> ir.Table:
    """One row per product on a goods line: its latest name and category (by occurred_at, then row_key)."""
    lines = t.goods_lines.filter(_.product_id.notnull())
    newest = ibis.row_number().over(group_by="product_id", order_by=[_.occurred_at.desc(), _.row_key.desc()])
    each = lines.select("product_id").distinct()
    for column in ("product_name", "category"):
        known = lines.filter(_[column].notnull()).mutate(newest=newest).filter(_.newest == 0)
        latest = known.select(_.product_id.name(f"of_{column}"), column)
        each = each.left_join(latest, each.product_id == latest[f"of_{column}"]).drop(f"of_{column}")
    return each


@relation
def baskets(t: Tables) -> ir.Table:
    """One row per kept order and product in it."""
    return t.goods_lines.filter(_.product_id.notnull()).select("order_id", "product_id").distinct()
