"""Red share: how many of the customers with a light are red?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio
from regulars.metrics.success.health_score import LIT
from regulars.relations.base import flag

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@ratio(
    question="Of the customers with a light, what share is red?",
    unit=Unit.RATIO,
    better=Better.LOWER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="R / N",
    symbols={
        "R": "customers whose light is red",
        "N": "customers whose light is green, amber or red in the latest kept predictions that saw nothing of the window's end or later; "
        "who is new, lapsed or unknown has no colour",
    },
    undefined_when="no lights were kept before the window's end, or none has a colour",
    source="Requirements H-01, H-07",
    requirements=("H-01",),
    needs=("predictions",),
    interval=Interval.WILSON,
    beside={"red": "customers whose light is red", "amber": "customers whose light is amber", "green": "customers whose light is green"},
    empty="no_predictions",
)
def red_share(t: Tables) -> ir.Table:
    """One row per window and customer with a light that has a colour."""
    rows = t.predicted_at_end.filter(_.light.isin(LIT))
    counts = {light: flag(rows.light == light) for light in LIT}
    return rows.select("window_id", "customer_id", **counts, numerator=counts["red"], denominator=ibis.literal(1, "int64"))
