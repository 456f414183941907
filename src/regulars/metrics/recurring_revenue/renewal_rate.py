"""Renewal rate: what share of the terms that ended was renewed?"""

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
    question="Of the subscription terms that ended in the window, what share was renewed before the grace period was over?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.SUBSCRIPTION,
    formula="R / D",
    symbols={
        "R": "those of D with a later change of the subscription, neither cancel nor pause, effective at most renewal_grace_days after the term's end",
        "D": "terms of running subscriptions that end in the window and whose grace period was over at as-of",
    },
    undefined_when="D = 0",
    source="Requirements M-39; terms still in their grace period are excluded and counted",
    requirements=("M-39",),
    needs=("subscriptions",),
    interval=Interval.CLUSTERED,
    dimensions=("plan",),
)
def renewal_rate(t: Tables) -> ir.Table:
    """One row per term that ended in the window; where a term was changed while it ran, the last change before its end counts."""
    grace, as_of_day = t.parameters.renewal_grace_days.as_scalar(), t.parameters.as_of_day.as_scalar()
    states = t.subscription_states
    latest = ibis.row_number().over(group_by=["subscription_id", "term_end_day"], order_by=_.change_number.desc())
    terms = states.filter(_.running == 1, _.term_end_day.notnull()).mutate(latest=latest).filter(_.latest == 0)
    terms = terms.select("subscription_id", "customer_id", "plan", "term_end_day", "term_end_boundary", "change_number")
    later = states.filter(_.running == 1).select(later_id="subscription_id", later_number="change_number", later_boundary="first_boundary")
    renewed = terms.inner_join(later, terms.subscription_id == later.later_id)
    renewed = renewed.filter(_.later_number > _.change_number, _.later_boundary <= _.term_end_boundary + grace)
    renewed = renewed.select(renewed_id="subscription_id", renewed_number="change_number").distinct()
    rows = terms.inner_join(t.window_days, terms.term_end_day == t.window_days.local_day)
    rows = rows.left_join(renewed, [rows.subscription_id == renewed.renewed_id, rows.change_number == renewed.renewed_number])
    rows = rows.mutate(over=flag(rows.term_end_boundary + grace <= as_of_day))
    return rows.select(
        "window_id",
        "customer_id",
        "plan",
        row_id=_.subscription_id,
        numerator=_.over * flag(_.renewed_id.notnull()),
        denominator=_.over,
        excluded=1 - _.over,
    )
