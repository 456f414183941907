"""Return on spend: what comes back for the money spent on a channel or campaign?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import curve
from regulars.metrics.earnings import margin
from regulars.metrics.estimates import Estimate, Undefined
from regulars.relations.costs import without_costs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ibis.expr.types as ir

    from regulars.relations.registry import Tables

CHOSEN = (_.kind != "goods") & (_.channel.notnull() | _.campaign.notnull())


def _return(rows: Sequence[Mapping[str, Any]], around: Mapping[str, Any]) -> Estimate | Undefined:
    spent = float(rows[0]["cost_minor"] or 0)
    if spent == 0:
        return Undefined("zero_denominator")
    earned = margin(around)
    gained = float(rows[0]["brought_minor"] or 0) * earned.share - spent
    beside = {"basis": earned.basis, "margin": earned.share, "attribution": "named", "orders": int(rows[0]["orders"])}
    return Estimate(value=gained / spent, numerator=gained, denominator=spent, beside=beside)


@curve(
    question="How much margin came back for each unit of money spent, beyond that unit, by what orders name as their origin?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.COST,
    formula="(V x m - K) / K",
    symbols={
        "V": "net value of kept orders of the window whose campaign, or else channel, names a campaign or channel with costs",
        "m": "margin: gross margin of the 365 days up to the window's end, else the setting margin_rate, else 1 (revenue; said beside)",
        "K": "costs with a channel or campaign, but goods, spread evenly over the days of their period",
    },
    undefined_when="no cost names a channel or campaign, or none falls into the window",
    source="Requirements M-25; attribution by name shows where orders came from, not what the spending caused: prefer an experiment",
    requirements=("M-25",),
    needs=("orders or costs",),
    interval=Interval.NONE,
    money=("numerator", "denominator"),
    dimensions=("channel", "campaign"),
    empty="zero_denominator",
    beside={
        "basis": "gross_margin, margin_rate or revenue: where the margin comes from",
        "margin": "share of revenue that is earned",
        "attribution": "named: by the campaign or channel that the order carries",
        "orders": "orders that name the spending",
    },
    unless=without_costs(CHOSEN),
    reduce=_return,
)
def return_on_spend(t: Tables) -> ir.Table:
    """One row per window and cost, and one per window and order that names a campaign or channel with costs."""
    costs = t.window_costs.filter(CHOSEN)
    spent = costs.select(
        "window_id",
        "channel",
        "campaign",
        row_id=costs.row_key,
        customer_id=ibis.null("string"),
        cost_minor=costs.cost_minor,
        brought_minor=ibis.literal(0, "int64"),
        orders=ibis.literal(0, "int64"),
    )
    kept = t.kept_orders.inner_join(t.window_days, "local_day")
    by_campaign = t.cost_names.rename(campaign_name="name", channel_of_campaign="cost_channel", campaign_of_campaign="cost_campaign")
    by_channel = t.cost_names.rename(channel_name="name", channel_of_channel="cost_channel", campaign_of_channel="cost_campaign")
    kept = kept.left_join(by_campaign, kept.campaign == by_campaign.campaign_name)
    kept = kept.left_join(by_channel, kept.channel == by_channel.channel_name)
    named = kept.filter(kept.campaign_name.notnull() | kept.channel_name.notnull())
    first = named.campaign_name.notnull()
    brought = named.select(
        "window_id",
        channel=ibis.ifelse(first, named.channel_of_campaign, named.channel_of_channel),
        campaign=ibis.ifelse(first, named.campaign_of_campaign, named.campaign_of_channel),
        row_id=named.order_id,
        customer_id=named.customer_id,
        cost_minor=ibis.literal(0.0, "float64"),
        brought_minor=named.net_minor,
        orders=ibis.literal(1, "int64"),
    )
    return spent.union(brought)
