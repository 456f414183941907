"""Predicted customer value: what is a customer expected to bring?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import distribution

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@distribution(
    question="How much margin is a customer expected to bring over the next twelve months?",
    unit=Unit.MONEY,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="sum of V / N",
    symbols={
        "V": "a customer's predicted value (the fact clv_minor) in the latest kept predictions that saw nothing of the window's end or later; "
        "margin, or revenue where no margin is known",
        "N": "customers with such a value",
    },
    undefined_when="no predictions of value were kept before the window's end",
    source="Requirements M-30. The interval is of the mean over customers, as if what is predicted of each were sure; how wrong the prediction of one customer "
    "may be stands in its own interval (`regulars customers`), and how wrong they were together in `regulars audit clv`",
    requirements=("M-30",),
    needs=("predictions",),
    interval=Interval.CLUSTERED,
    money=("numerator",),
    empty="no_predictions",
)
def clv_predicted(t: Tables) -> ir.Table:
    """One row per window and customer with a predicted value; quartiles are shown beside the mean."""
    return t.predicted_at_end.filter(_.clv_minor.notnull()).select("window_id", "customer_id", value="clv_minor")
