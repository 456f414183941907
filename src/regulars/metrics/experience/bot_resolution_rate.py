"""Bot resolution rate: what share of conversations does the bot settle alone?"""

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
    question="Of the support cases that the bot answered first, what share was settled without a person?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.TICKET,
    formula="S / B",
    symbols={
        "S": "of these, those resolved or closed in which no person took a step",
        "B": "cases opened in the window whose first reply is the bot's",
    },
    undefined_when="the bot was first to answer no case opened in the window",
    source="Requirements M-60; docs/definitions.md, Experience",
    requirements=("M-60",),
    needs=("tickets",),
    interval=Interval.CLUSTERED,
    dimensions=("priority", "channel", "topic"),
)
def bot_resolution_rate(t: Tables) -> ir.Table:
    """One row per window and support case that the bot answered first."""
    cases = t.tickets_opened.filter(_.by_bot == 1).inner_join(t.window_days, "local_day")
    return cases.select(
        "window_id",
        "customer_id",
        "row_id",
        "priority",
        "channel",
        "topic",
        numerator=_.settled * (1 - _.by_person),
        denominator=ibis.literal(1, "int64"),
    )
