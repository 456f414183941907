"""Net revenue retention: what do last year's subscribers bring now?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@ratio(
    question="What do the customers who paid at the window's start bring at its end, upgrades included, as a share of what they brought then?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="E / S",
    symbols={
        "E": "monthly recurring revenue at the end of the customers in S",
        "S": "monthly recurring revenue at the start, of all who paid any",
    },
    undefined_when="S = 0",
    source="Catalogue of metrics; customers who came inside the window do not count. Without a start it is asked of the 12 months before as-of",
    needs=("subscriptions",),
    interval=Interval.CLUSTERED,
    money=("numerator", "denominator"),
    default_months=12,
)
def net_revenue_retention(t: Tables) -> ir.Table:
    """One row per customer with monthly recurring revenue at the window's start.

    Of three customers at 100 each, one leaves, one stays and one goes up to 150: (0 + 100 + 150) / 300 = 83.3 %.
    """
    rows = t.mrr_at_edges.filter(_.start_minor > 0)
    return rows.select("window_id", "customer_id", numerator=_.end_minor, denominator=_.start_minor)
