"""Discounts: how often and how deep?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.facts.declare import Kind, count, derived, group, money
from regulars.relations.base import flag, ratio, total

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@group(
    title="Discounts",
    over="kept_orders",
    needs=("orders",),
    facts=(
        count("discounted_orders", "kept orders with a discount", "orders"),
        money("discount", "discounts taken off kept orders"),
        derived(
            "discounted_order_share",
            Kind.REAL,
            "kept orders with a discount / kept orders",
            "share",
            lambda row, _t: ratio(row.discounted_orders, row.orders),
        ),
    ),
)
def discounts(rows: ir.Table, _t: Tables) -> Mapping[str, ir.Value]:
    """Discounts as the orders carry them."""
    return {"discounted_orders": total(flag(rows.discount_minor > 0)), "discount_minor": total(rows.discount_minor)}
