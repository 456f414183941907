"""Customer effort score: how easy is it to deal with us?"""

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
    question="How easy was it to buy or to be helped, where a high score is easy?",
    unit=Unit.SCORE,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.ANSWER,
    formula="sum of ease / N",
    symbols={"ease": "the score where high is easy, else lowest + highest - score", "N": "answers"},
    undefined_when="nobody answered, or the answers were given on more than one scale",
    source="Requirements M-51, X-03: high = easy, 1 to 7 by default; where the survey's direction is the other one, lowest + highest - score",
    requirements=("M-51",),
    needs=("responses",),
    interval=Interval.CLUSTERED,
    dimensions=("stage", "question", "survey_id"),
    same={"scale_min": "mixed_scales", "scale_max": "mixed_scales"},
)
def ces(t: Tables) -> ir.Table:
    """One row per window and answer; the scale's ends are shown beside."""
    answers = t.window_answers.filter(_.measure == "ces")
    return answers.select(
        "window_id",
        "customer_id",
        "row_id",
        "stage",
        "question",
        "survey_id",
        "scale_min",
        "scale_max",
        numerator=ibis.ifelse(_.high_is_good.fill_null(True), _.score, _.scale_min + _.scale_max - _.score),
        denominator=ibis.literal(1, "int64"),
    )
