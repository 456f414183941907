"""Answers: which scores did the customer give last?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.facts.declare import count, group, on, real

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables

MEASURES = ("nps", "csat", "ces", "rating")


@group(
    title="Answers",
    needs=("responses",),
    facts=(
        count("answers", "answers with a score", "answers"),
        on("last_answer_on", "local day of the latest answer with a score"),
        real("nps_score", "latest answer to the recommendation question", "0 to 10"),
        real("csat_score", "latest satisfaction score", "its own scale"),
        real("ces_score", "latest effort score, high is easy", "its own scale"),
        real("rating_score", "latest rating", "its own scale"),
        real("polarity", "mean attitude of the texts that a model has read", "-1 to 1"),
    ),
)
def answers(t: Tables) -> ir.Table:
    """Scores by measure; the latest by occurred_at, then row_key."""
    rows = t.response_rows.filter(_.customer_id.notnull(), _.score.notnull() | _.polarity.notnull())
    rows = rows.mutate(
        place=ibis.row_number().over(
            group_by=["customer_id", "measure", rows.score.isnull()], order_by=[_.occurred_at.desc(), _.row_key.desc()]
        ),
        easy=((_.measure == "ces") & ~_.high_is_good.fill_null(True)).ifelse(_.scale_min + _.scale_max - _.score, _.score),
    )
    nothing = ibis.null("float64")
    latest = {
        f"{measure}_score": ((rows.measure == measure) & (rows.place == 0) & rows.score.notnull()).ifelse(rows.easy, nothing).max()
        for measure in MEASURES
    }
    return rows.group_by("customer_id").agg(
        answers=rows.score.count().cast("int64"),
        last_answer_on=rows.score.notnull().ifelse(rows.local_day, ibis.null("int64")).max(),
        polarity=rows.polarity.mean(),
        **latest,
    )
