"""Messages: does the customer still react to our e-mails?"""

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
        on("first_message_on", "local day of the first e-mail delivered"),
        on("last_engaged_on", "local day of the latest e-mail opened or clicked, and not by a machine"),
        count("messages_180d", "e-mails delivered in the 180 days before as-of", "e-mails"),
        count("messages_engaged_180d", "e-mails opened or clicked in the 180 days before as-of, and not by a machine", "e-mails"),
    ),
)
def messages(t: Tables) -> ir.Table:
    """E-mails, and messages of no known channel; what was opened or clicked was delivered, whether its source says so or not."""
    steps = in_force(t, "messages").filter(_.step.isin(["delivered", "opened", "clicked"]))
    # Nobody learns whether a text message or a push was read.
    steps = steps.filter(_.channel.isnull() | _.channel.lower().isin(["email", "e-mail", "mail"]))
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
