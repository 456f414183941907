"""What is known of a customer as of as-of: the attributes that numbers are grouped by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.relations.base import flag, in_force, with_customers
from regulars.relations.registry import Tables, relation

if TYPE_CHECKING:
    import ibis.expr.types as ir

ATTRIBUTES = ("country", "acquisition_channel", "acquisition_campaign", "cohort")
"""Customer dimensions that every metric about customers can be grouped by."""


def _latest(versions: ir.Table, *columns: str) -> ir.Table:
    """One row per customer: of each column the latest value that there is. One sort for all columns."""
    in_turn = ibis.cumulative_window(group_by="customer_id", order_by=[_.occurred_at.desc(), _.row_key.desc()])
    counted = versions.mutate(**{f"{column}_count": flag(_[column].notnull()).sum().over(in_turn) for column in columns})
    latest = {
        column: (counted[column].notnull() & (counted[f"{column}_count"] == 1)).ifelse(counted[column], ibis.null("string")).max()
        for column in columns
    }
    return counted.group_by("customer_id").agg(**latest)


@relation
def customer_attributes(t: Tables) -> ir.Table:
    """One row per customer we know of: latest country, acquisition channel and campaign, and the month of the first kept order."""
    versions = with_customers(t, in_force(t, "customers")).filter(_.customer_id.notnull())
    known = _latest(versions, "country", "acquisition_channel", "acquisition_campaign")
    everybody = known.select("customer_id").union(t.order_rows.filter(_.customer_id.notnull()).select("customer_id")).distinct()
    known = known.rename(known_customer="customer_id")
    everybody = everybody.left_join(known, everybody.customer_id == known.known_customer)
    located = known.filter(known.country.notnull())
    purchases = t.order_rows.filter(_.kind == "purchase", _.customer_id.notnull(), _.country.notnull())
    purchases = purchases.anti_join(located, purchases.customer_id == located.known_customer)
    bought_from = _latest(purchases.select("customer_id", "occurred_at", "row_key", "country"), "country").rename(
        buyer="customer_id", order_country="country"
    )
    everybody = everybody.left_join(bought_from, everybody.customer_id == bought_from.buyer)
    months = t.buyers.inner_join(t.calendar, t.buyers.first_day == t.calendar.local_day).select(member="customer_id", cohort="month_name")
    everybody = everybody.left_join(months, everybody.customer_id == months.member)
    return everybody.mutate(country=ibis.coalesce(_.country, _.order_country)).drop("buyer", "order_country", "member", "known_customer")
