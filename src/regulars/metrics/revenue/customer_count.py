"""Customer count: how many customers were active in the window?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from regulars.metrics.card import Better, Grain, Kind, Unit
from regulars.metrics.declare import total

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@total(
    question="How many customers placed a kept order, or did something meaningful, in the window?",
    unit=Unit.COUNT,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="number of C",
    symbols={"C": "customers with a kept order, or an event of the setting meaningful_events, on a day of the window"},
    undefined_when="there are neither orders nor events at all",
    source="Catalogue of metrics; docs/definitions.md, Active, lapsed, lost",
    needs=("orders or events",),
)
def customer_count(t: Tables) -> ir.Table:
    """One row per customer who was active on a day of the window; counts of several windows cannot be added."""
    rows = t.active_days.inner_join(t.window_days, "local_day").select("window_id", "customer_id").distinct()
    return rows.mutate(numerator=ibis.literal(1, "int64"))
