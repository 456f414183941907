"""Survey response rate: what share of those we asked answered?"""

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
    question="Of the questionnaires sent in the window, what share was answered since?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.ACTIVITY,
    grain=Grain.ANSWER,
    formula="A / I",
    symbols={"A": "of these, those with an answer or a finish before as-of", "I": "questionnaires with an invitation in the window"},
    undefined_when="no questionnaire was sent in the window",
    source="Requirements F-34; docs/definitions.md, Experience",
    requirements=("F-34",),
    needs=("responses",),
    interval=Interval.CLUSTERED,
    dimensions=("survey_id",),
)
def survey_response_rate(t: Tables) -> ir.Table:
    """One row per window and questionnaire that was invited in it."""
    rows = t.response_rows.filter(_.state == "invited").inner_join(t.window_days, "local_day")
    first = ibis.row_number().over(group_by=["window_id", "response_id"], order_by=[_.occurred_at, _.row_key])
    rows = rows.mutate(place=first).filter(_.place == 0).inner_join(t.questionnaires, "response_id")
    return rows.select(
        "window_id", "customer_id", "survey_id", row_id="response_id", numerator=_.answered, denominator=ibis.literal(1, "int64")
    )
