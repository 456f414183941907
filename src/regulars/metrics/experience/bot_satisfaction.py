"""Bot satisfaction: how do customers rate conversations with the bot?"""

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
    question="What is the mean rating of conversations that the bot held alone?",
    unit=Unit.SCORE,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.TICKET,
    formula="sum of score / N",
    symbols={
        "score": "a rating given in the window to a case that the bot answered first and in which no person took a step",
        "N": "such ratings",
    },
    undefined_when="there is no such rating, or the ratings were given on more than one scale",
    source="Requirements M-59, X-01; docs/definitions.md, Experience",
    requirements=("M-59",),
    needs=("tickets",),
    interval=Interval.CLUSTERED,
    dimensions=("priority", "channel", "topic"),
    same={"scale_min": "mixed_scales", "scale_max": "mixed_scales"},
)
def bot_satisfaction(t: Tables) -> ir.Table:
    """One row per window and rating."""
    alone = t.ticket_outcomes.filter(_.replied_by == "bot", _.by_person == 0).select("ticket_id")
    ratings = (
        t.ticket_rows.filter(_.step == "rated", _.score.notnull()).semi_join(alone, "ticket_id").inner_join(t.window_days, "local_day")
    )
    return ratings.select(
        "window_id",
        "customer_id",
        "priority",
        "channel",
        "topic",
        "scale_min",
        "scale_max",
        row_id="row_key",
        numerator="score",
        denominator=ibis.literal(1, "int64"),
    )
