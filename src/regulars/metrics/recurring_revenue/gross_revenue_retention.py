"""Gross revenue retention: how much of last year's recurring revenue was kept?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@ratio(
    question="How much of the recurring revenue at the window's start is still there at its end, upgrades left out?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="sum of min(e, s) / sum of s",
    symbols={"e": "a customer's monthly recurring revenue at the end", "s": "the same customer's at the start, of all who paid any"},
    undefined_when="sum of s = 0",
    source="Catalogue of metrics; customers who came inside the window do not count. Without a start it is asked of the 12 months before as-of",
    needs=("subscriptions",),
    interval=Interval.CLUSTERED,
    money=("numerator", "denominator"),
    default_months=12,
)
def gross_revenue_retention(t: Tables) -> ir.Table:
    """One row per customer with monthly recurring revenue at the window's start.

    Of three customers at 100 each, one leaves, one stays and one goes up to 150: (0 + 100 + 100) / 300 = 66.7 %.
    """
    rows = t.mrr_at_edges.filter(_.start_minor > 0)
    return rows.select("window_id", "customer_id", numerator=ibis.least(_.end_minor, _.start_minor), denominator=_.start_minor)
