"""What is known of a customer as of as-of: the attributes that numbers are grouped by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.relations.base import in_force, with_customers
from regulars.relations.registry import Tables, relation

if TYPE_CHECKING:
    import ibis.expr.types as ir

ATTRIBUTES = ("country", "acquisition_channel", "acquisition_campaign", "cohort")
"""Customer dimensions that every metric about customers can be grouped by."""


def _latest(versions: ir.Table, column: str) -> ir.Table:
    newest = ibis.row_number().over(group_by="customer_id", order_by=[_.occurred_at.desc(), _.row_key.desc()])
    known = versions.filter(_[column].notnull()).mutate(newest=newest).filter(_.newest == 0)
    return known.select(_.customer_id.name(f"of_{column}"), column)


@relation
def customer_attributes(t: Tables) -> ir.Table:
    """One row per customer we know of: latest country, acquisition channel and campaign, and the month of the first kept order."""
    versions = with_customers(t, in_force(t, "customers")).filter(_.customer_id.notnull())
    purchases = t.order_rows.filter(_.kind == "purchase", _.customer_id.notnull())
    everybody = versions.select("customer_id").union(t.order_rows.filter(_.customer_id.notnull()).select("customer_id")).distinct()
    for column in ("country", "acquisition_channel", "acquisition_campaign"):
        latest = _latest(versions, column)
        everybody = everybody.left_join(latest, everybody.customer_id == latest[f"of_{column}"]).drop(f"of_{column}")
    bought_from = _latest(purchases, "country").rename(buyer="of_country", order_country="country")
    everybody = everybody.left_join(bought_from, everybody.customer_id == bought_from.buyer)
    months = t.buyers.inner_join(t.calendar, t.buyers.first_day == t.calendar.local_day).select(member="customer_id", cohort="month_name")
    everybody = everybody.left_join(months, everybody.customer_id == months.member)
    return everybody.mutate(country=ibis.coalesce(_.country, _.order_country)).drop("buyer", "order_country", "member")
