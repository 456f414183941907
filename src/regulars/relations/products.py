"""What was bought: goods on the lines of kept orders, products with their latest name, baskets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.relations.base import in_force
from regulars.relations.registry import Tables, passing, relation

if TYPE_CHECKING:
    import ibis.expr.types as ir


@passing
def goods_lines(t: Tables) -> ir.Table:
    """Purchase lines of kept orders that are goods (no postage, fees or corrections), with the order's customer and day."""
    kept = t.kept_orders.select(kept_order="order_id", customer_id="customer_id", local_day="local_day")
    lines = t.line_rows.filter(_.kind == "purchase", _.is_goods).select(
        "order_id", "row_key", "occurred_at", "product_id", "product_name", "category", "quantity", "amount_minor", "unit_cost_minor"
    )
    return lines.inner_join(kept, lines.order_id == kept.kept_order).drop("kept_order")


PROPERTIES = ("product_name", "category")


@relation
def latest_lines(t: Tables) -> ir.Table:
    """Goods lines at the instant at which their product was last seen with a name, or with a category; few of them."""
    seen = t.goods_lines.filter(_.product_id.notnull()).group_by("product_id", *PROPERTIES).agg(at=_.occurred_at.max())
    named, filed = (seen.filter(seen[column].notnull()).group_by("product_id").agg(at=_.at.max()) for column in PROPERTIES)
    edges = named.union(filed).distinct().rename(of_product="product_id")
    lines = t.line_rows.filter(_.kind == "purchase", _.is_goods)
    lines = lines.inner_join(edges, [lines.product_id == edges.of_product, lines.occurred_at == edges.at])
    lines = lines.semi_join(t.kept_orders, "order_id")
    return lines.select("product_id", "occurred_at", "row_key", *PROPERTIES)


@relation
def products(t: Tables) -> ir.Table:
    """One row per product on a goods line: its latest name and category (by occurred_at, then row_key)."""
    each = t.goods_lines.filter(_.product_id.notnull()).select("product_id").distinct()
    newest = ibis.row_number().over(group_by="product_id", order_by=[_.occurred_at.desc(), _.row_key.desc()])
    for column in PROPERTIES:
        known = t.latest_lines.filter(_[column].notnull()).mutate(newest=newest).filter(_.newest == 0)
        latest = known.select(_.product_id.name(f"of_{column}"), column)
        each = each.left_join(latest, each.product_id == latest[f"of_{column}"]).drop(f"of_{column}")
    return each


@relation
def baskets(t: Tables) -> ir.Table:
    """One row per kept order and product in it."""
    return t.goods_lines.filter(_.product_id.notnull()).select("order_id", "product_id").distinct()


def _numbered(t: Tables, column: str) -> ir.Table:
    values = in_force(t, "order_lines").filter(_.kind == "purchase", _.is_goods, _[column].notnull()).select(column).distinct()
    return values.mutate(number=ibis.row_number().over(order_by=column).cast("int64"))


@relation
def product_numbers(t: Tables) -> ir.Table:
    """Every product on a goods line, numbered in the order of their ids: integers are quicker to count by."""
    return _numbered(t, "product_id")


@relation
def category_numbers(t: Tables) -> ir.Table:
    """Every category on a goods line, numbered in the order of their names."""
    return _numbered(t, "category")
