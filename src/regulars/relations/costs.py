"""Costs: spread over the days of their period, and what it takes to win a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from regulars.relations.base import flag, in_force, in_reporting_currency, on_local_days, total, with_customers
from regulars.relations.registry import Tables, relation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import ibis.expr.types as ir
    from ibis.common.deferred import Deferred

    from regulars.relations.session import Session

ACQUIRING = ("media", "wages", "software", "services", "overhead")
"""Kinds of cost that a fully loaded acquisition cost is made of."""


@relation
def cost_rows(t: Tables) -> ir.Table:
    """Every cost before as-of: the local days of its period `[first_day, end_day)`, and its amount in the reporting currency."""
    rows = on_local_days(t, in_force(t, "costs")).mutate(original_currency=_.currency)
    rows = in_reporting_currency(t, rows, "amount_minor")
    first_day = rows.starts_on.epoch_days().cast("int64")
    end_day = rows.ends_on.epoch_days().cast("int64")
    rows = rows.mutate(first_day=first_day, end_day=ibis.greatest(end_day, first_day + 1), is_paid=flag(rows.paid))
    return rows.select(
        "row_key",
        "source",
        "first_day",
        "end_day",
        "channel",
        "campaign",
        "kind",
        "purpose",
        "is_paid",
        "amount_minor",
        "original_currency",
        "leads",
        "actions",
    )


def spread(costs: ir.Table, windows: ir.Table, *, first: str = "start_day", end: str = "seen_end_day") -> ir.Table:
    """One row per window and cost whose period touches the days `[first, end)`: `cost_minor` is its part of them, unrounded."""
    both = costs.inner_join(windows, [costs.first_day < windows[end], costs.end_day > windows[first]])
    days = ibis.least(both.end_day, both[end]) - ibis.greatest(both.first_day, both[first])
    part = both.amount_minor.cast("float64") * days.cast("float64") / (both.end_day - both.first_day).cast("float64")
    return both.mutate(cost_minor=part)


@relation
def window_costs(t: Tables) -> ir.Table:
    """One row per window and cost that touches its days before as-of: `cost_minor` is the window's part."""
    rows = spread(t.cost_rows, t.windows)
    return rows.select("window_id", "row_key", "channel", "campaign", "kind", "purpose", "is_paid", "cost_minor")


@relation
def new_buyers(t: Tables) -> ir.Table:
    """One row per window and customer whose first kept order is in it, with the channel and campaign that brought them."""
    firsts = t.buyers.inner_join(t.window_days, t.buyers.first_day == t.window_days.local_day)
    firsts = firsts.select("window_id", "customer_id", "first_day", "value_minor")
    attributes = t.customer_attributes.select("acquisition_channel", "acquisition_campaign", member="customer_id")
    return firsts.left_join(attributes, firsts.customer_id == attributes.member).drop("member")


@relation
def paid_channels(t: Tables) -> ir.Table:
    """Channels that have any paid cost."""
    return t.cost_rows.filter(_.is_paid == 1, _.channel.notnull()).select(acquisition_channel="channel").distinct()


@relation
def cost_names(t: Tables) -> ir.Table:
    """Every name that an order can carry to say which spending brought it: a campaign or a channel with costs."""
    costs = t.cost_rows.filter(_.kind != "goods")
    campaigns = costs.filter(_.campaign.notnull()).group_by(name=_.campaign).agg(cost_channel=_.channel.min())
    campaigns = campaigns.mutate(cost_campaign=_.name)
    channels = costs.filter(_.channel.notnull()).select(name="channel").distinct().anti_join(campaigns, "name")
    channels = channels.mutate(cost_channel=_.name, cost_campaign=ibis.null("string"))
    return campaigns.select("name", "cost_channel", "cost_campaign").union(channels.select("name", "cost_channel", "cost_campaign"))


@relation
def leads(t: Tables) -> ir.Table:
    """One row per customer who was ever called a lead, and the local day on which first."""
    rows = with_customers(t, on_local_days(t, in_force(t, "customers")))
    rows = rows.filter(_.stage == "lead", _.customer_id.notnull())
    return rows.group_by("customer_id").agg(lead_day=_.local_day.min())


@relation
def yearly_value(t: Tables) -> ir.Table:
    """One row per window and customer: net value of kept orders in the 365 days before its end, and whether they are active there."""
    year = t.windows.select("window_id", year_start=_.seen_end_day - 365, year_end=_.seen_end_day)
    kept = t.order_days.inner_join(year, [t.order_days.local_day >= year.year_start, t.order_days.local_day < year.year_end])
    nothing = ibis.literal(0, "int64")
    earned = kept.select("window_id", "customer_id", net_minor=_.net_minor, active=nothing)
    active = t.active_at_edges.filter(_.at_end == 1).select("window_id", "customer_id", net_minor=nothing, active=_.at_end)
    return earned.union(active).group_by("window_id", "customer_id").agg(net_minor=total(_.net_minor), active=_.active.max())


def acquisition_rows(costs: ir.Table, won: ir.Table) -> ir.Table:
    """Costs above the line and customers won below it, each with the channel it belongs to."""
    spent = costs.select(
        "window_id",
        customer_id=ibis.null("string"),
        row_id=costs.row_key,
        acquisition_channel=costs.channel,
        numerator=costs.cost_minor,
        denominator=ibis.literal(0, "int64"),
    )
    customers = won.select(
        "window_id",
        "customer_id",
        row_id=ibis.null("string"),
        acquisition_channel=won.acquisition_channel,
        numerator=ibis.literal(0.0, "float64"),
        denominator=ibis.literal(1, "int64"),
    )
    return spent.union(customers)


def without_costs(chosen: Deferred) -> Callable[[Session, Mapping[str, Any]], str | None]:
    """What says `no_costs` where no cost before as-of is among the `chosen` ones."""

    def reason(session: Session, _arguments: Mapping[str, Any]) -> str | None:
        costs = session.table("cost_rows")
        return None if session.run(costs.filter(chosen).limit(1).select("row_key")).num_rows else "no_costs"

    return reason
