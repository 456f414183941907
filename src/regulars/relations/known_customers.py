"""Everybody we know of as of as-of, and who did something meaningful besides ordering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from regulars.relations.base import flag, in_force, on_local_days, total, with_customers
from regulars.relations.registry import Tables, relation

if TYPE_CHECKING:
    import ibis.expr.types as ir


@relation
def meaningful_activity(t: Tables) -> ir.Table:
    """One row per customer with a meaningful event: the latest day of one, and how many lately."""
    day = t.parameters.as_of_day.as_scalar()
    rows = with_customers(t, on_local_days(t, in_force(t, "events").inner_join(t.meaningful_events, "name")))
    rows = rows.filter(_.customer_id.notnull())
    recent = {f"events_{days}d": total(flag(rows.local_day >= day - days)) for days in (30, 90)}
    return rows.group_by("customer_id").agg(last_event_on=rows.local_day.max(), **recent)


@relation
def known_customers(t: Tables) -> ir.Table:
    """One row per customer who is named in customers, orders, subscriptions, answers or tickets, or did something meaningful.

    Who only left other events behind, or only got messages, is not a customer yet.
    """
    everybody = t.customer_attributes.select("customer_id")
    for rows in (t.subscription_states, t.response_rows, t.ticket_rows, t.meaningful_activity):
        everybody = everybody.union(rows.filter(rows.customer_id.notnull()).select("customer_id"))
    return everybody.distinct()
