"""New customers: how many bought for the first time?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from regulars.metrics.card import Better, Grain, Kind, Unit
from regulars.metrics.declare import total

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@total(
    question="How many customers placed their first kept order in the window?",
    unit=Unit.COUNT,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="number of F",
    symbols={"F": "customers whose first kept order lies in the window"},
    undefined_when="there are no orders at all, or the data begin less than inactive_after_days before the window: then all look new",
    source="Requirements M-44; docs/definitions.md, History",
    requirements=("M-44",),
    needs=("orders",),
    needs_history=True,
)
def new_customers(t: Tables) -> ir.Table:
    """One row per customer whose first kept order lies in the window."""
    rows = t.buyers.inner_join(t.window_days, t.buyers.first_day == t.window_days.local_day)
    return rows.select("window_id", "customer_id", numerator=ibis.literal(1, "int64"))
