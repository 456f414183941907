"""Tickets: how many support cases, how many still open?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

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
        count("complaints_open", "open cases with a topic or priority of the settings complaint_topics, complaint_priorities", "cases"),
        on("complaint_resolved_on", "local day on which the latest such case that is not open was resolved or closed"),
    ),
)
def tickets(t: Tables) -> ir.Table:
    """Cases belong to the customer of their steps."""
    steps = t.ticket_rows.filter(_.customer_id.notnull())
    turning = steps.step.isin(["opened", "reopened", "resolved", "closed"])
    steps = steps.mutate(
        place=ibis.row_number().over(group_by=["customer_id", "ticket_id", turning], order_by=[_.occurred_at.desc(), _.row_key.desc()])
    )
    for place in ("topic", "priority"):
        marks = t.complaint_marks.filter(_.place == place).select(**{f"{place}_mark": _.word})
        steps = steps.mutate(**{f"{place}_word": _[place].lower()})
        steps = steps.left_join(marks, steps[f"{place}_word"] == marks[f"{place}_mark"])
    ends = steps.step.isin(["resolved", "closed"]) & (steps.place == 0)
    opens, waits = steps.step == "opened", steps.step.isin(["opened", "reopened"]) & (steps.place == 0)
    each = steps.group_by("customer_id", "ticket_id").agg(
        opened=flag(opens).max(),
        recent=flag(opens & within(steps, t, 90)).max(),
        waits=flag(waits).max(),
        latest=steps.local_day.max(),
        complaint=flag(steps.topic_mark.notnull() | steps.priority_mark.notnull()).max(),
        ended=ends.ifelse(steps.local_day, ibis.null("int64")).max(),
    )
    return each.group_by("customer_id").agg(
        tickets=total(each.opened),
        tickets_90d=total(each.recent),
        tickets_open=total(each.waits),
        last_contact_on=each.latest.max(),
        complaints_open=total(each.complaint * each.waits),
        complaint_resolved_on=(each.complaint == 1).ifelse(each.ended, ibis.null("int64")).max(),
    )
