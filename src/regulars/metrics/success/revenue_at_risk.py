"""Revenue at risk: what would be lost with the customers who may leave?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import curve
from regulars.metrics.estimates import Estimate, Undefined
from regulars.relations.base import flag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


def _sum(rows: Sequence[Mapping[str, Any]], _around: Mapping[str, Any]) -> Estimate | Undefined:
    row = rows[0]
    amount = float(row["minor"] or 0)
    return Estimate(
        value=amount,
        numerator=amount,
        n=int(row["counted"]),
        excluded=int(row["left_out"]),
        beside={"red_minor": int(row["red_minor"] or 0), "amber_minor": int(row["amber_minor"] or 0)},
    )


@curve(
    reduce=_sum,
    question="How much expected margin is at risk with the active customers whose light is red or amber?",
    unit=Unit.MONEY,
    better=Better.LOWER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="sum of P x V",
    symbols={
        "P": "probability that the customer leaves within the horizon",
        "V": "margin expected of the customer over the horizon if they stay (revenue where no margin is known)",
        "sum": "over customers whose light is red or amber in the latest kept predictions that saw nothing of the window's end or later",
    },
    undefined_when="no lights were kept before the window's end; where nobody is red or amber it is 0",
    source="Requirements H-01, M-45; P x margin if the customer stays, since P x expected margin would count the risk twice",
    requirements=("H-01",),
    needs=("predictions",),
    interval=Interval.NONE,
    money=("numerator",),
    beside={"red_minor": "the part of red customers, in minor units", "amber_minor": "the part of amber customers, in minor units"},
    empty="no_predictions",
)
def revenue_at_risk(t: Tables) -> ir.Table:
    """One row per window and customer with a light of any kind; who has no known value is left out and counted. Windows cannot be added."""
    rows = t.predicted_at_end.filter(_.light.notnull())
    nothing = ibis.literal(0, "int64")
    at_risk, known = rows.light.isin(["red", "amber"]), rows.money_at_risk_minor.notnull()
    parts = {f"{light}_minor": ((rows.light == light) & known).ifelse(rows.money_at_risk_minor, nothing) for light in ("red", "amber")}
    return rows.select(
        "window_id",
        "customer_id",
        **parts,
        minor=(at_risk & known).ifelse(rows.money_at_risk_minor, nothing),
        counted=flag(at_risk & known),
        left_out=flag(at_risk & ~known),
    )
