"""Customer satisfaction: how satisfied are customers, on the survey's own scale?"""

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
    question="How satisfied are customers on average, on the scale of the survey, overall and at each step?",
    unit=Unit.SCORE,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.ANSWER,
    formula="sum of score / N",
    symbols={"score": "an answer on the survey's own scale", "N": "answers"},
    undefined_when="nobody answered, or the answers were given on more than one scale",
    source="Requirements M-52 to M-54, X-01: the scale is stored with every answer and never mixed; top-two-box beside, labelled as such",
    requirements=("M-52", "M-53", "M-54"),
    needs=("responses",),
    interval=Interval.CLUSTERED,
    dimensions=("stage", "question", "survey_id"),
    beside={"top_two_box": "share of answers in the two best boxes of the scale"},
    shares=("top_two_box",),
    same={"scale_min": "mixed_scales", "scale_max": "mixed_scales"},
)
def csat(t: Tables) -> ir.Table:
    """One row per window and answer; the scale's ends are shown beside."""
    answers = t.window_answers.filter(_.measure == "csat")
    near_top = ibis.ifelse(_.high_is_good.fill_null(True), _.scale_max - _.score, _.score - _.scale_min)
    answers = answers.mutate(below_best=near_top)
    answers = answers.mutate(top_two_box=answers.below_best.isnull().ifelse(ibis.null("int64"), flag(answers.below_best < 2)))
    return answers.select(
        "window_id",
        "customer_id",
        "row_id",
        "stage",
        "question",
        "survey_id",
        "top_two_box",
        "scale_min",
        "scale_max",
        numerator=_.score,
        denominator=ibis.literal(1, "int64"),
    )
