"""Reactivation rate: what share of the lapsed came back?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio
from regulars.relations.base import flag

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@ratio(
    question="Of the customers who had lapsed by the start of the window, what share ordered again in it?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="B / L",
    symbols={
        "B": "those of L with a kept order in the window",
        "L": "customers with a kept order before the window who are not active at its start",
    },
    undefined_when="L = 0, or the data begin less than inactive_after_days before the window",
    source="Catalogue of metrics; docs/definitions.md, Active, lapsed, lost: it is always shown beside lapses",
    needs=("orders",),
    interval=Interval.WILSON,
    needs_history=True,
)
def reactivation_rate(t: Tables) -> ir.Table:
    """One row per window and customer who had lapsed at its start."""
    buyers, windows = t.buyers, t.windows
    before = buyers.inner_join(windows, [buyers.first_day < windows.start_day]).select("window_id", "customer_id")
    lapsed = before.anti_join(t.active_at_edges.filter(_.at_start == 1), ["window_id", "customer_id"])
    back = t.order_days.inner_join(t.window_days, "local_day").select(back_window="window_id", back_customer="customer_id").distinct()
    rows = lapsed.left_join(back, [lapsed.window_id == back.back_window, lapsed.customer_id == back.back_customer])
    return rows.select("window_id", "customer_id", numerator=flag(rows.back_customer.notnull()), denominator=ibis.literal(1, "int64"))
