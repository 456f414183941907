"""Lead-to-sale rate: what share of leads became customers?"""

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
    question="Of the people who became leads in the window, what share has ordered since?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="S / L",
    symbols={"S": "of these, those with a kept order on that day or later, before as-of", "L": "people first called a lead in the window"},
    undefined_when="nobody became a lead in the window",
    source="Requirements M-63, M-64",
    requirements=("M-63", "M-64"),
    needs=("customers",),
    interval=Interval.WILSON,
)
def lead_to_sale_rate(t: Tables) -> ir.Table:
    """One row per window and lead."""
    leads = t.leads.inner_join(t.window_days, t.leads.lead_day == t.window_days.local_day)
    buyers = t.buyers.select("last_day", buyer="customer_id")
    leads = leads.left_join(buyers, leads.customer_id == buyers.buyer)
    return leads.select("window_id", "customer_id", numerator=flag(_.last_day >= _.lead_day), denominator=ibis.literal(1, "int64"))
