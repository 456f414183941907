"""Monthly recurring revenue: what do the running subscriptions bring in a month?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from regulars.metrics.card import Better, Grain, Kind, Unit
from regulars.metrics.declare import total

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@total(
    question="What do the subscriptions that run at the window's end bring in a month?",
    unit=Unit.MONEY,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.SUBSCRIPTION,
    formula="sum of M",
    symbols={"M": "monthly recurring revenue of a subscription that runs at the window's end (at as-of's day where the window is partial)"},
    undefined_when="there are no subscriptions at all",
    source="Requirements M-23: money customers spend each month, compared month by month",
    requirements=("M-23",),
    needs=("subscriptions",),
    dimensions=("plan",),
)
def mrr(t: Tables) -> ir.Table:
    """One row per subscription that runs at the window's end; months of several windows cannot be added."""
    states, windows = t.subscription_states.filter(_.running == 1), t.windows
    rows = states.inner_join(windows, [states.first_boundary <= windows.seen_end_day, states.last_boundary >= windows.seen_end_day])
    return rows.select("window_id", "customer_id", "plan", row_id=rows.subscription_id, numerator=rows.mrr_minor)
