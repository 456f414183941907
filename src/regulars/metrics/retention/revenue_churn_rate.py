"""Revenue churn rate: what share of the revenue left with the lost?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio
from regulars.relations.base import total

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@ratio(
    question="Of the revenue of the customers at the start, what share belonged to those who were lost by the window's end?",
    unit=Unit.RATIO,
    better=Better.LOWER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="L / S",
    symbols={
        "L": "the part of S that belonged to customers not active at the end",
        "S": "by cancellation: monthly recurring revenue at the start, of those who pay any; by inactivity: net value of the kept orders that the customers "
        "at the start placed in the inactive_after_days before it",
    },
    undefined_when="S = 0, or (by inactivity) the data begin less than inactive_after_days before the window",
    source="Requirements M-34: churn in terms of the revenue lost, a more accurate picture than heads",
    requirements=("M-34",),
    interval=Interval.CLUSTERED,
    money=("numerator", "denominator"),
    needs_history=True,
)
def revenue_churn_rate(t: Tables) -> ir.Table:
    """One row per window and customer at the start.

    Of customers worth 90 and 10 at the start the second leaves: churn is 50 %, revenue churn 10 %.
    """
    return _recurring(t).union(_trailing(t))


def _recurring(t: Tables) -> ir.Table:
    by_cancellation = t.parameters.by_cancellation.as_scalar()
    rows = t.mrr_at_edges.filter(_.at_start == 1, _.start_minor > 0, by_cancellation == 1)
    return rows.select(
        "window_id", "customer_id", numerator=(_.at_end == 0).ifelse(_.start_minor, ibis.literal(0, "int64")), denominator=_.start_minor
    )


def _trailing(t: Tables) -> ir.Table:
    reach, by_cancellation = t.parameters.inactive_after_days.as_scalar(), t.parameters.by_cancellation.as_scalar()
    present = t.active_at_edges.filter(_.at_start == 1, by_cancellation == 0).inner_join(
        t.windows.select("window_id", "start_day"), "window_id"
    )
    bought = t.order_days.select(buyer="customer_id", order_day="local_day", net_minor="net_minor")
    rows = present.inner_join(bought, present.customer_id == bought.buyer)
    rows = rows.filter(_.order_day >= _.start_day - reach, _.order_day < _.start_day)
    each = rows.group_by("window_id", "customer_id", "at_end").agg(denominator=total(_.net_minor))
    return each.select(
        "window_id", "customer_id", numerator=(_.at_end == 0).ifelse(_.denominator, ibis.literal(0, "int64")), denominator=_.denominator
    )
