"""Tickets: how many support cases, how many still open?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

import regulars.relations.experience  # noqa: F401 - declares the relations used below
from regulars.facts.declare import count, group, on, within
from regulars.relations.base import flag, total

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@group(
    title="Tickets",
    needs=("tickets",),
    facts=(
        count("tickets", "support cases opened", "cases"),
        count("tickets_90d", "support cases opened in the 90 days before as-of", "cases"),
        count("tickets_open", "cases whose latest opening is followed by no resolving or closing", "cases"),
        on("last_contact_on", "local day of the latest step of a case"),
    ),
)
def tickets(t: Tables) -> ir.Table:
    """Cases belong to the customer of their steps."""
    steps = t.ticket_rows.filter(_.customer_id.notnull())
    turning = steps.step.isin(["opened", "reopened", "resolved", "closed"])
    steps = steps.mutate(
        place=ibis.row_number().over(group_by=["customer_id", "ticket_id", turning], order_by=[_.occurred_at.desc(), _.row_key.desc()])
    )
    opens, waits = steps.step == "opened", steps.step.isin(["opened", "reopened"]) & (steps.place == 0)
    each = steps.group_by("customer_id", "ticket_id").agg(
        opened=flag(opens).max(), recent=flag(opens & within(steps, t, 90)).max(), waits=flag(waits).max(), latest=steps.local_day.max()
    )
    return each.group_by("customer_id").agg(
        tickets=total(each.opened), tickets_90d=total(each.recent), tickets_open=total(each.waits), last_contact_on=each.latest.max()
    )
