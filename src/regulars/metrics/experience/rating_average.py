"""Average rating: how are our products and services rated?"""

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
    question="What is the mean rating of products and services, on the scale they are rated on?",
    unit=Unit.SCORE,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.ANSWER,
    formula="sum of score / N",
    symbols={"score": "a rating", "N": "ratings"},
    undefined_when="nobody answered, or the answers were given on more than one scale",
    source="Requirements M-58, X-01",
    requirements=("M-58",),
    needs=("responses",),
    interval=Interval.CLUSTERED,
    dimensions=("stage", "question", "survey_id"),
    same={"scale_min": "mixed_scales", "scale_max": "mixed_scales"},
)
def rating_average(t: Tables) -> ir.Table:
    """One row per window and answer; the scale's ends are shown beside."""
    answers = t.window_answers.filter(_.measure == "rating")
    return answers.select(
        "window_id",
        "customer_id",
        "row_id",
        "stage",
        "question",
        "survey_id",
        "scale_min",
        "scale_max",
        numerator=_.score,
        denominator=ibis.literal(1, "int64"),
    )
