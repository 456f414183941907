"""Health score: how healthy are the customers we have?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import distribution

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables

LIT = ("green", "amber", "red")
"""Lights that have a colour; customers who are new, lapsed or unknown have none."""


@distribution(
    question="How healthy are the customers with a light, from 0 to 100?",
    unit=Unit.SCORE,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="sum of H / N",
    symbols={
        "H": "a customer's health score, from 0 to 100, higher is healthier, in the latest kept predictions that saw nothing of the window's end or later",
        "N": "customers with a score whose light is green, amber or red",
    },
    undefined_when="no lights were kept before the window's end, or none has a colour",
    source="Requirements M-45, M-46, H-07",
    requirements=("M-45", "M-46"),
    needs=("predictions",),
    interval=Interval.CLUSTERED,
    empty="no_predictions",
)
def health_score(t: Tables) -> ir.Table:
    """One row per window and customer with a light that has a colour; quartiles are shown beside the mean."""
    rows = t.predicted_at_end.filter(_.light.isin(LIT), _.health_score.notnull())
    return rows.select("window_id", "customer_id", value="health_score")
