"""Who is active when: spells of activity, customers at the edges of windows, running subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.relations.base import flag, in_force, in_reporting_currency, on_local_days, total, with_customers
from regulars.relations.registry import Tables, relation

if TYPE_CHECKING:
    import ibis.expr.types as ir


FOREVER = 1_000_000
"""A local day number after every date that can occur."""


@relation
def active_days(t: Tables) -> ir.Table:
    """One row per customer and local day with a kept order or a meaningful event."""
    ordered = t.order_days.select("customer_id", "local_day")
    meant = in_force(t, "events").inner_join(t.meaningful_events, "name")
    did = with_customers(t, on_local_days(t, meant)).filter(_.customer_id.notnull()).select("customer_id", "local_day")
    return ordered.union(did).distinct()


@relation
def spells(t: Tables) -> ir.Table:
    """Unbroken activity: the customer is active at every day boundary from `from_day` to `until_day`, both included.

    By inactivity a day of activity `d` reaches the boundaries `d + 1` to `d + inactive_after_days`. By cancellation a subscription's running state
    reaches every boundary after its start up to its end.
    """
    reach = t.parameters.inactive_after_days.as_scalar()
    by_cancellation = t.parameters.by_cancellation.as_scalar()
    days = t.active_days
    around = {"group_by": "customer_id", "order_by": "local_day"}
    days = days.mutate(previous=_.local_day.lag().over(**around))
    days = days.mutate(begins=(_.previous.isnull() | (_.local_day - _.previous > reach)).ifelse(1, 0))
    days = days.mutate(spell=_.begins.sum().over(ibis.cumulative_window(group_by="customer_id", order_by="local_day")))
    by_orders = days.group_by("customer_id", "spell").agg(from_day=_.local_day.min() + 1, until_day=_.local_day.max() + reach)
    by_orders = by_orders.filter(by_cancellation == 0).select("customer_id", "from_day", "until_day")
    running = t.subscription_states.filter(_.running == 1, by_cancellation == 1, _.customer_id.notnull())
    running = running.select("customer_id", from_day=_.first_boundary, until_day=_.last_boundary).filter(_.from_day <= _.until_day)
    return by_orders.union(running)


@relation
def subscription_states(t: Tables) -> ir.Table:
    """One row per subscription change before as-of: the state it begins, the day boundaries that lie in it, and its MRR.

    `first_boundary` and `last_boundary` are local day numbers: the state holds at the beginning of those days and of all between.
    """
    grace = t.parameters.renewal_grace_days.as_scalar()
    rows = in_reporting_currency(t, on_local_days(t, in_force(t, "subscriptions")), "mrr_before_minor", "mrr_after_minor")
    rows = on_local_days(t, with_customers(t, rows), "effective_at", day="effective_day", boundary="first_boundary")
    rows = on_local_days(t, rows, "term_end", day="term_end_day", boundary="term_end_boundary")
    in_turn = {"group_by": "subscription_id", "order_by": ["effective_at", "row_key"]}
    rows = rows.mutate(
        running=flag(~_.change.isin(["cancel", "pause"])),
        next_boundary=_.first_boundary.lead().over(**in_turn),
        next_change=_.change.lead().over(**in_turn),
        next_effective_at=_.effective_at.lead().over(**in_turn),
        next_effective_day=_.effective_day.lead().over(**in_turn),
        change_number=(ibis.row_number().over(**in_turn) + 1).cast("int64"),
        first_mrr_minor=_.mrr_after_minor.first().over(**in_turn),
    )
    by_term = ((_.running == 1) & _.term_end_boundary.notnull()).ifelse(_.term_end_boundary + grace - 1, FOREVER)
    rows = rows.mutate(last_boundary=_.next_boundary.isnull().ifelse(by_term, _.next_boundary - 1))
    return rows.mutate(mrr_minor=(_.running == 1).ifelse(_.mrr_after_minor, 0)).select(
        "subscription_id",
        "customer_id",
        "change",
        "change_number",
        "running",
        "mrr_minor",
        "mrr_before_minor",
        "mrr_after_minor",
        "first_mrr_minor",
        "plan",
        "seats",
        "involuntary",
        "local_day",
        "effective_day",
        "first_boundary",
        "last_boundary",
        "term_end_day",
        "term_end_boundary",
        "next_change",
        "next_effective_day",
    )


@relation
def active_at_edges(t: Tables) -> ir.Table:
    """One row per window and customer who is active at its start, at its end, or both: `at_start`, `at_end` (as-of's day where it is partial)."""
    spells, windows = t.spells, t.windows
    touching = spells.inner_join(windows, [spells.from_day <= windows.seen_end_day, spells.until_day >= windows.start_day])
    edges = touching.select(
        "window_id", "customer_id", at_start=flag(_.from_day <= _.start_day), at_end=flag(_.until_day >= _.seen_end_day)
    )
    # More than one spell of a customer can touch a window that is longer than the reach of an order.
    edges = edges.filter((_.at_start == 1) | (_.at_end == 1))
    return edges.group_by("window_id", "customer_id").agg(at_start=_.at_start.max().cast("int64"), at_end=_.at_end.max().cast("int64"))


@relation
def mrr_at_edges(t: Tables) -> ir.Table:
    """One row per window and customer with a running subscription at its start or end: MRR at both, in minor units."""
    states, windows = t.subscription_states.filter(_.running == 1, _.customer_id.notnull()), t.windows
    at_start = states.inner_join(windows, [states.first_boundary <= windows.start_day, states.last_boundary >= windows.start_day])
    at_end = states.inner_join(windows, [states.first_boundary <= windows.seen_end_day, states.last_boundary >= windows.seen_end_day])
    start = at_start.select("window_id", "customer_id", start_minor=_.mrr_minor, end_minor=ibis.literal(0, "int64"), at_start=1, at_end=0)
    end = at_end.select("window_id", "customer_id", start_minor=ibis.literal(0, "int64"), end_minor=_.mrr_minor, at_start=0, at_end=1)
    return (
        start.union(end)
        .group_by("window_id", "customer_id")
        .agg(
            start_minor=total(_.start_minor),
            end_minor=total(_.end_minor),
            at_start=_.at_start.max().cast("int64"),
            at_end=_.at_end.max().cast("int64"),
        )
    )


@relation
def joined_and_left(t: Tables) -> ir.Table:
    """One row per window and customer who was not active at its start, became active inside it and was not active at its end."""
    spells, windows = t.spells, t.windows
    inside = spells.inner_join(
        windows, [spells.from_day > windows.start_day, spells.from_day <= windows.seen_end_day, spells.until_day < windows.seen_end_day]
    )
    inside = inside.select("window_id", "customer_id").distinct()
    return inside.anti_join(t.active_at_edges, ["window_id", "customer_id"])
