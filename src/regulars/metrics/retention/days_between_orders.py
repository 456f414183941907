"""Days between orders: how long until the next one?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import distribution

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@distribution(
    question="How many days passed between one order day of a customer and the next, for the orders of the window?",
    unit=Unit.DAYS,
    better=Better.LOWER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="sum of G / number of G",
    symbols={"G": "days between two consecutive order days of a customer, the later of which lies in the window"},
    undefined_when="nobody came back in the window",
    source="Catalogue of metrics; only gaps that have closed are seen, so it is shorter than the time until a customer's next order",
    needs=("orders",),
    interval=Interval.CLUSTERED,
    beside={"q25": "a quarter of the gaps is at most so long", "q50": "half of the gaps", "q75": "three quarters of the gaps"},
)
def days_between_orders(t: Tables) -> ir.Table:
    """One row per gap that ends in the window; several orders on one day have no gap."""
    rows = t.order_days.filter(_.previous_day.notnull()).inner_join(t.window_days, "local_day")
    return rows.select("window_id", "customer_id", value=rows.local_day - rows.previous_day)
