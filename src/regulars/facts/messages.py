"""Messages: does the customer still react to what we send?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.facts.declare import count, group, on, within
from regulars.relations.base import flag, in_force, on_local_days, total, with_customers

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@group(
    title="Messages",
    needs=("messages",),
    facts=(
        on("first_message_on", "local day of the first message delivered"),
        on("last_engaged_on", "local day of the latest message opened or clicked, and not by a machine"),
        count("messages_180d", "messages delivered in the 180 days before as-of", "messages"),
        count("messages_engaged_180d", "messages opened or clicked in the 180 days before as-of, and not by a machine", "messages"),
    ),
)
def messages(t: Tables) -> ir.Table:
    """A message that was opened or clicked was delivered, whether its source says so or not."""
    steps = in_force(t, "messages").filter(_.step.isin(["delivered", "opened", "clicked"]))
    rows = with_customers(t, on_local_days(t, steps)).filter(_.customer_id.notnull())
    engaged = rows.step.isin(["opened", "clicked"]) & ~rows.machine.fill_null(False)
    each = rows.group_by("customer_id", "message_id").agg(
        first_day=rows.local_day.min(),
        engaged_day=engaged.ifelse(rows.local_day, ibis.null("int64")).max(),
        delivered_lately=flag(within(rows, t, 180)).max(),
        engaged_lately=flag(engaged & within(rows, t, 180)).max(),
    )
    return each.group_by("customer_id").agg(
        first_message_on=each.first_day.min(),
        last_engaged_on=each.engaged_day.max(),
        messages_180d=total(each.delivered_lately),
        messages_engaged_180d=total(each.engaged_lately),
    )
