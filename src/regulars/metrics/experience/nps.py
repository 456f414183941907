"""Net promoter score: how many more would recommend us than would not?"""

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
    question="Of the people who were asked how likely they are to recommend us, by how many points do promoters exceed detractors?",
    unit=Unit.SCORE,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.ANSWER,
    formula="100 x (P - D) / N",
    symbols={
        "P": "promoters: answers of 9 or 10",
        "D": "detractors: answers of 0 to 6",
        "N": "all answers, passives (7 and 8) included; the latest answer of each person in the window",
    },
    undefined_when="nobody answered",
    source="Requirements M-49, M-50, X-02; interval: Rocks (2016), The American Statistician 70: (P + 3/4, D + 3/4) / (n + 3)",
    requirements=("M-49", "M-50"),
    needs=("responses",),
    interval=Interval.ADJUSTED_WALD,
    scale=100.0,
    dimensions=("stage", "survey_id"),
    beside={"promoters": "answers of 9 or 10", "passives": "answers of 7 or 8", "detractors": "answers of 0 to 6"},
)
def nps(t: Tables) -> ir.Table:
    """One row per window and person (response, where the person is not known): their latest answer."""
    answers = t.window_answers.filter(_.measure == "nps")
    who = ibis.coalesce(ibis.literal("customer ") + answers.customer_id, ibis.literal("response ") + answers.response_id)
    answers = answers.mutate(who=who)
    latest = ibis.row_number().over(group_by=["window_id", "who"], order_by=[_.occurred_at.desc(), _.row_key.desc()])
    answers = answers.mutate(latest=latest).filter(_.latest == 0)
    answers = answers.mutate(promoters=flag(_.score >= 9), passives=flag((_.score > 6) & (_.score < 9)), detractors=flag(_.score <= 6))
    return answers.select(
        "window_id",
        "customer_id",
        "row_id",
        "stage",
        "survey_id",
        "promoters",
        "passives",
        "detractors",
        numerator=_.promoters - _.detractors,
        denominator=ibis.literal(1, "int64"),
    )
