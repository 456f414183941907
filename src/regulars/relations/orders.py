"""Orders and what became of them: refunds booked on the order, kept orders, order days, first orders, customer value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.relations.base import flag, total
from regulars.relations.registry import Tables, passing, relation

if TYPE_CHECKING:
    import ibis.expr.types as ir


@relation
def purchases(t: Tables) -> ir.Table:
    """One row per order: its purchase, what was refunded on it before as-of, whether it was cancelled, its net value."""
    rows = t.order_rows
    bought = rows.filter(_.kind == "purchase").select(
        "order_id",
        "customer_id",
        "occurred_at",
        "local_day",
        "local_hour",
        "amount_minor",
        "discount_minor",
        "channel",
        "campaign",
        "country",
    )
    linked = rows.filter((_.kind != "purchase") & _.linked)
    after = linked.group_by("order_id").agg(
        refunded_by_link=total((_.kind == "refund").ifelse(_.amount_minor, 0)), cancelled=flag(_.kind == "cancellation").max()
    )
    matched = t.return_matches.group_by("order_id").agg(refunded_by_match=total(_.amount_minor))
    after = after.rename(after_order="order_id")
    matched = matched.rename(matched_order="order_id")
    orders = bought.left_join(after, bought.order_id == after.after_order).left_join(matched, _.order_id == matched.matched_order)
    orders = orders.mutate(
        refunded_minor=_.refunded_by_link.fill_null(0) + _.refunded_by_match.fill_null(0), cancelled=_.cancelled.fill_null(0)
    )
    return orders.mutate(net_minor=_.amount_minor + _.refunded_minor).select(
        "order_id",
        "customer_id",
        "occurred_at",
        "local_day",
        "local_hour",
        "amount_minor",
        "discount_minor",
        "refunded_minor",
        "net_minor",
        "cancelled",
        "channel",
        "campaign",
        "country",
    )


@passing
def kept_orders(t: Tables) -> ir.Table:
    """Orders that are not cancelled and whose net value is above zero, numbered per customer from 1."""
    kept = t.purchases.filter(_.cancelled == 0, _.net_minor > 0).drop("cancelled")
    number = ibis.row_number().over(group_by="customer_id", order_by=["occurred_at", "order_id"]) + 1
    return kept.mutate(order_number=_.customer_id.isnull().ifelse(ibis.null("int64"), number.cast("int64")))


@relation
def order_days(t: Tables) -> ir.Table:
    """One row per customer and local day with a kept order: its orders, their value, and the order days before and after."""
    days = (
        t.kept_orders.filter(_.customer_id.notnull())
        .group_by("customer_id", "local_day")
        .agg(orders=_.count().cast("int64"), net_minor=total(_.net_minor))
    )
    around = {"group_by": "customer_id", "order_by": "local_day"}
    return days.mutate(previous_day=_.local_day.lag().over(**around), next_day=_.local_day.lead().over(**around))


@relation
def unlinked_returns(t: Tables) -> ir.Table:
    """Refunds that name no order, less what was matched to earlier purchases: what is left to subtract from the customer."""
    refunds = t.unlinked_refunds
    matched = (
        t.return_matches.group_by("refund_key", "refund_source")
        .agg(matched_minor=total(_.amount_minor))
        .rename(key="refund_key", origin="refund_source")
    )
    rows = refunds.left_join(matched, [refunds.row_key == matched.key, refunds.source == matched.origin])
    return rows.mutate(unmatched_minor=_.amount_minor - _.matched_minor.fill_null(0)).select(
        "customer_id", "local_day", "order_id", "amount_minor", "unmatched_minor"
    )


@relation
def buyers(t: Tables) -> ir.Table:
    """One row per customer with a kept order: first and last order days, the second order's, orders, value (unlinked returns subtracted)."""
    # The second order lies on the first order day, where that has several, else on the next one.
    second = _.previous_day.isnull().ifelse((_.orders > 1).ifelse(_.local_day, _.next_day), ibis.null("int64"))
    each = t.order_days.group_by("customer_id").agg(
        first_day=_.local_day.min(),
        last_day=_.local_day.max(),
        second_day=second.max(),
        orders=total(_.orders),
        kept_minor=total(_.net_minor),
    )
    returned = (
        t.unlinked_returns.filter(_.customer_id.notnull())
        .group_by("customer_id")
        .agg(returned_minor=total(_.unmatched_minor))
        .rename(returner="customer_id")
    )
    each = each.left_join(returned, each.customer_id == returned.returner)
    return each.mutate(value_minor=_.kept_minor + _.returned_minor.fill_null(0)).drop("returner", "returned_minor")
