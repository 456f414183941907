"""The people behind a customer: who of them used the product, asked or answered lately; with accounts there are several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.relations.base import in_force, on_local_days, with_customers
from regulars.relations.registry import Tables, passing

if TYPE_CHECKING:
    import ibis.expr.types as ir

CONTACT_DAYS = 180
"""How far back people count as being in contact."""


def _lately(t: Tables, rows: ir.Table, days: int) -> ir.Table:
    """`rows` of the `days` local days before as-of, with customer, day and `person`: whom the identity belongs to, also where accounts are counted."""
    # A day more than asked: the local day is only known after the join, and this spares most rows of a long history that join.
    rows = rows.filter(rows.occurred_at >= t.parameters.as_of.as_scalar() - ibis.interval(days=days + 2))
    rows = with_customers(t, on_local_days(t, rows)).filter(_.customer_id.notnull())
    rows = rows.filter(_.local_day >= t.parameters.as_of_day.as_scalar() - days)
    people = t.customer_of.rename(own_identity="identity_id", own_person="customer_id")
    rows = rows.left_join(people, rows.identity_id == people.own_identity)
    return rows.mutate(person=ibis.coalesce(rows.own_person, rows.identity_id))


@passing
def recent_use(t: Tables) -> ir.Table:
    """Meaningful events of the 90 days before as-of: customer, person, local day and name of the event."""
    rows = _lately(t, in_force(t, "events").inner_join(t.meaningful_events, "name"), 90)
    return rows.select("customer_id", "person", "local_day", "name")


@passing
def recent_contacts(t: Tables) -> ir.Table:
    """Customer and person of each meaningful event, step of a support case, and answer of the 180 days before as-of."""
    used = in_force(t, "events").inner_join(t.meaningful_events, "name")
    answered = in_force(t, "responses").filter(_.state.isin(["started", "answered", "finished"]))
    parts = [_lately(t, rows, CONTACT_DAYS).select("customer_id", "person") for rows in (used, in_force(t, "tickets"), answered)]
    return parts[0].union(parts[1]).union(parts[2])
