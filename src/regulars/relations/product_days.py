"""On which days a customer bought a product, and which day came before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from regulars.relations.registry import Tables, relation

if TYPE_CHECKING:
    import ibis.expr.types as ir


@relation
def product_days(t: Tables) -> ir.Table:
    """One row per customer, product and local day with a goods line of it in a kept order, and the day of the purchase of it before."""
    days = t.goods_lines.filter(_.product_id.notnull(), _.customer_id.notnull()).select("customer_id", "product_id", "local_day").distinct()
    return days.mutate(previous_day=_.local_day.lag().over(group_by=["customer_id", "product_id"], order_by="local_day"))
