"""Products: how many kinds, and which most often?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.facts.declare import count, group, real, text
from regulars.relations.base import in_force, total

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


def _favourite(counted: ir.Table, column: str) -> ir.Table:
    """One row per customer: the value of `column` on most lines (the smallest of equals), and how many values there are."""
    each = counted.filter(_[column].notnull()).group_by("customer_id", column).agg(lines=total(_.lines))
    most = each.group_by("customer_id").agg(most=each.lines.max(), kinds=each.count().cast("int64")).rename(buyer="customer_id")
    top = each.inner_join(most, [each.customer_id == most.buyer, each.lines == most.most])
    return top.group_by("customer_id").agg(favourite=top[column].min(), kinds=top.kinds.max())


@group(
    title="Products",
    needs=("orders", "order_lines"),
    facts=(
        real("quantity", "pieces of goods bought in kept orders", "pieces"),
        count("products", "different products bought", "products"),
        count("categories", "different categories bought", "categories"),
        text("favourite_product", "product on most lines; of equals the smallest id"),
        text("favourite_category", "category on most lines; of equals the first by name"),
    ),
)
def products(t: Tables) -> ir.Table:
    """Goods on purchase lines of kept orders."""
    # Straight from the stored lines: the relation of all goods lines is wide, and nothing here needs its days and amounts.
    bought = in_force(t, "order_lines").filter(_.kind == "purchase", _.is_goods).select("order_id", "product_id", "category", "quantity")
    kept = t.kept_orders.filter(_.customer_id.notnull()).select("customer_id", kept_order="order_id")
    lines = bought.inner_join(kept, bought.order_id == kept.kept_order)
    counted = lines.group_by("customer_id", "product_id", "category").agg(lines=_.count().cast("int64"), quantity=_.quantity.sum())
    whole = counted.group_by("customer_id").agg(quantity=counted.quantity.sum())
    product = _favourite(counted, "product_id").select(product_buyer="customer_id", favourite_product="favourite", products="kinds")
    category = _favourite(counted, "category").select(category_buyer="customer_id", favourite_category="favourite", categories="kinds")
    rows = whole.left_join(product, whole.customer_id == product.product_buyer)
    rows = rows.left_join(category, rows.customer_id == category.category_buyer)
    none = ibis.literal(0, "int64")
    return rows.select(
        "customer_id", "quantity", "favourite_product", "favourite_category",
        products=ibis.coalesce(rows.products, none), categories=ibis.coalesce(rows.categories, none),
    )  # fmt: skip
