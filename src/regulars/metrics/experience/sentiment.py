"""Sentiment: how do customers speak of us?"""

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
    question="What is the mean attitude of the texts of answers and support cases, from -1 to 1?",
    unit=Unit.SCORE,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.ANSWER,
    formula="sum of polarity / N",
    symbols={"polarity": "attitude of a text from -1 to 1, as a model has read it", "N": "texts that a model has read"},
    undefined_when="no text was read by a model",
    source="Requirements M-57; docs/definitions.md, Experience",
    requirements=("M-57",),
    needs=("responses or tickets",),
    interval=Interval.CLUSTERED,
    dimensions=("polarity_model", "stage"),
    beside={"polarity_model": "the model that read the texts (the last by name, where several did)"},
)
def sentiment(t: Tables) -> ir.Table:
    """One row per window and text."""
    answers, steps = t.response_rows, t.ticket_rows
    said = answers.select(
        "local_day", "customer_id", "polarity", "polarity_model", "stage", row_id=ibis.literal("response ") + answers.row_key
    )
    no_word = ibis.null("string")
    wrote = steps.select(
        "local_day", "customer_id", "polarity", polarity_model=no_word, stage=no_word, row_id=ibis.literal("ticket ") + steps.row_key
    )
    texts = said.union(wrote).filter(_.polarity.notnull()).inner_join(t.window_days, "local_day")
    return texts.select(
        "window_id", "customer_id", "row_id", "polarity_model", "stage", numerator="polarity", denominator=ibis.literal(1, "int64")
    )
