"""Activity: is the customer active, or lapsed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from regulars.facts.declare import Kind, count, derived, group, on
from regulars.relations.base import flag

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


def _last_active(row: ir.Table, _t: Tables) -> ir.Value:
    return ibis.greatest(ibis.coalesce(row.last_order_on, row.last_event_on), ibis.coalesce(row.last_event_on, row.last_order_on))


def _active(row: ir.Table, t: Tables) -> ir.Value:
    reach = t.parameters.inactive_after_days.as_scalar()
    by_order = flag(_last_active(row, t) >= t.parameters.as_of_day.as_scalar() - reach)
    return (t.parameters.by_cancellation.as_scalar() == 1).ifelse(flag(row.subscriptions > 0), by_order)


def _lapsed(row: ir.Table, t: Tables) -> ir.Value:
    return flag((row.orders > 0) & (_active(row, t) == 0))


@group(
    title="Activity",
    needs=("events",),
    facts=(
        on("last_event_on", "local day of the latest meaningful event"),
        count("events_30d", "meaningful events in the 30 days before as-of", "events"),
        count("events_90d", "meaningful events in the 90 days before as-of", "events"),
        derived("last_active_on", Kind.DATE, "local day of the latest kept order or meaningful event", "date", _last_active),
        derived(
            "active", Kind.FLAG, "active at as-of: by inactivity or by cancellation, as the setting churn_by says", "yes or no", _active
        ),
        derived("lapsed", Kind.FLAG, "has a kept order and is not active at as-of", "yes or no", _lapsed),
    ),
)
def activity(t: Tables) -> ir.Table:
    """Meaningful events by customer."""
    return t.meaningful_activity.select("customer_id", "last_event_on", "events_30d", "events_90d")
