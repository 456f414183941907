"""Predictions: what is expected of the customer, as it was kept last?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.facts.declare import Fact, Kind, group, on, real, text

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


def _money(name: str, meaning: str) -> Fact:
    """An amount that is empty, not 0, where nothing was predicted."""
    return Fact(name=f"{name}_minor", kind=Kind.MONEY, meaning=meaning, unit="minor units of the reporting currency")


@group(
    title="Predictions",
    needs=("predictions",),
    facts=(
        real("churn_risk", "probability of no order or activity within the horizon", "0 to 1"),
        _money("clv", "margin expected over twelve months (revenue, where no margin is known)"),
        real("expected_orders", "order days expected over the horizon", "order days"),
        real("p_alive", "probability that the customer has not left for good; says nothing of when the next order comes", "0 to 1"),
        real("health_score", "health score, higher is healthier", "0 to 100"),
        text("light", "green, amber, red; new, lapsed or unknown have no colour"),
        _money("money_at_risk", "probability of leaving x margin expected over the horizon if the customer stays"),
        on("predicted_on", "last local day that these predictions may have seen"),
    ),
)
def predictions(t: Tables) -> ir.Table:
    """What the latest kept predictions before as-of say; models never read these."""
    names = ("churn_risk", "clv_minor", "expected_orders", "p_alive", "health_score", "light", "money_at_risk_minor", "predicted_on")
    return t.predicted.select("customer_id", *names)
