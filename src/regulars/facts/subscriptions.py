"""Subscriptions: what runs, for how much, until when?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.facts.declare import count, group, money, on, text
from regulars.relations.base import flag, total

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@group(
    title="Subscriptions",
    needs=("subscriptions",),
    facts=(
        count("subscriptions", "subscriptions running at as-of", "subscriptions"),
        money("mrr", "monthly recurring revenue at as-of"),
        money("mrr_90d_ago", "monthly recurring revenue 90 days before as-of"),
        count("seats", "seats of the running subscriptions", "seats"),
        text("plan", "plan of the running subscription with the highest MRR; of equals the smallest subscription id"),
        on("subscribed_since_on", "local day on which the first subscription took effect"),
        on("next_term_end_on", "earliest end of a term among the running subscriptions"),
        on("last_cancelled_on", "local day on which the latest cancellation took effect"),
    ),
)
def subscriptions(t: Tables) -> ir.Table:
    """States as they are known at as-of; a change that takes effect later does not count yet."""
    day = t.parameters.as_of_day.as_scalar()
    states = t.subscription_states.filter(_.customer_id.notnull(), _.effective_day <= day)
    runs = (states.running == 1) & (states.first_boundary <= day) & (states.last_boundary >= day)
    ran = (states.running == 1) & (states.first_boundary <= day - 90) & (states.last_boundary >= day - 90)
    states = states.mutate(runs=flag(runs), ran=flag(ran))
    best = ibis.row_number().over(
        group_by=["customer_id", "runs"], order_by=[_.mrr_minor.desc(), _.subscription_id, _.change_number.desc()]
    )
    states = states.mutate(best=best)
    no_day = ibis.null("int64")
    return states.group_by("customer_id").agg(
        subscriptions=total(states.runs),
        mrr_minor=total(states.runs * states.mrr_minor),
        mrr_90d_ago_minor=total(states.ran * states.mrr_minor),
        seats=total((states.runs == 1).ifelse(ibis.coalesce(states.seats, ibis.literal(0, "int64")), 0)),
        plan=((states.runs == 1) & (states.best == 0)).ifelse(states.plan, ibis.null("string")).max(),
        subscribed_since_on=states.effective_day.min(),
        next_term_end_on=(states.runs == 1).ifelse(states.term_end_day, no_day).min(),
        last_cancelled_on=(states.change == "cancel").ifelse(states.effective_day, no_day).max(),
    )
