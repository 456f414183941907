"""Products: how many kinds, and which most often?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ibis import _

from regulars.facts.declare import count, group, real, text
from regulars.relations.base import in_force

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables

MANY = 1 << 31
"""More than there are lines of a customer, or products."""


def _favourite(lines: ir.Table, values: ir.Table, **sums: Any) -> ir.Table:
    """One row per customer: the value on most lines (the smallest of equals), how many values there are, and `sums` over all lines.

    Values are told apart by their number in order, so that the smallest of `(MANY - lines, number)` is the favourite: one pass, on integers.
    """
    each = lines.group_by("customer_id", "number").agg(lines=_.count().cast("int64"), **sums)
    place = (MANY - each.lines) * MANY + each.number
    every = each.group_by("customer_id").agg(
        best=place.min(), kinds=each.number.count().cast("int64"), **{name: each[name].sum() for name in sums}
    )
    every = every.mutate(best_number=_.best % MANY)
    return every.left_join(values, every.best_number == values.number)


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
    parts = {}
    for column, values in (("product_id", t.product_numbers), ("category", t.category_numbers)):
        numbered = values.rename(**{f"numbered_{column}": column})
        own = lines.left_join(numbered, lines[column] == numbered[f"numbered_{column}"])
        sums = {"quantity": _.quantity.sum()} if column == "product_id" else {}
        parts[column] = _favourite(own.select("customer_id", "number", "quantity"), values, **sums)
    product = parts["product_id"].select("customer_id", "quantity", favourite_product="product_id", products="kinds")
    category = parts["category"].select(category_buyer="customer_id", favourite_category="category", categories="kinds")
    rows = product.left_join(category, product.customer_id == category.category_buyer)
    return rows.select("customer_id", "quantity", "favourite_product", "favourite_category", "products", "categories")
