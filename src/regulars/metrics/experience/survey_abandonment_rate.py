"""Survey abandonment rate: what share of those who began a survey gave up?"""

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
    question="Of the questionnaires begun in the window, what share was not finished since?",
    unit=Unit.RATIO,
    better=Better.LOWER,
    kind=Kind.ACTIVITY,
    grain=Grain.ANSWER,
    formula="U / B",
    symbols={"U": "of these, those not finished before as-of", "B": "questionnaires begun in the window"},
    undefined_when="no questionnaire was begun in the window",
    source="Requirements F-34; docs/definitions.md, Experience",
    requirements=("F-34",),
    needs=("responses",),
    interval=Interval.CLUSTERED,
    dimensions=("survey_id",),
)
def survey_abandonment_rate(t: Tables) -> ir.Table:
    """One row per window and questionnaire that was started in it."""
    rows = t.response_rows.filter(_.state == "started").inner_join(t.window_days, "local_day")
    first = ibis.row_number().over(group_by=["window_id", "response_id"], order_by=[_.occurred_at, _.row_key])
    rows = rows.mutate(place=first).filter(_.place == 0).inner_join(t.questionnaires, "response_id")
    return rows.select(
        "window_id", "customer_id", "survey_id", row_id="response_id", numerator=1 - _.finished, denominator=ibis.literal(1, "int64")
    )
