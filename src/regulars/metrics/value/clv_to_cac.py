"""Lifetime value over acquisition cost: does a customer bring in more than they cost to win?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.metrics.card import Better, Grain, Kind, Unit
from regulars.metrics.declare import derived
from regulars.metrics.earnings import margin
from regulars.metrics.estimates import Estimate, Undefined
from regulars.metrics.worksheet import VALUE_TO_COST_BANDS, future_profit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.metrics.results import MetricValue


@derived(
    of=("clv_simple", "cac"),
    question="How many times does the margin of a customer's lifetime cover what it cost to win them?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.COMPANY,
    formula="V x m / C",
    symbols={
        "V": "clv_simple of the window",
        "m": "margin: gross margin of the 365 days up to the window's end, else the setting margin_rate, else 1 (revenue; no band then)",
        "C": "cac of the same window",
    },
    undefined_when="clv_simple or cac has no value, or cac is zero",
    source="Requirements M-16, M-17, X-08: bands after rounding to two decimals",
    requirements=("M-16", "M-17", "M-19"),
    money=("numerator", "denominator"),
    dimensions=("acquisition_channel",),
    bands=VALUE_TO_COST_BANDS,
    needs_history=True,
    beside={
        "basis": "gross_margin, margin_rate or revenue: where the margin comes from",
        "margin": "share of revenue that is earned",
        "profit": "margin of a customer's lifetime less what it cost to win them",
    },
)
def clv_to_cac(parts: Mapping[str, MetricValue], around: Mapping[str, Any]) -> Estimate | Undefined:
    """Below 2 not viable, from 2 very little profit, 3 good, above 3 great; both figures are of the same window."""
    value, cost = parts["clv_simple"].value, parts["cac"].value
    if isinstance(value, Undefined) or isinstance(cost, Undefined):
        return Undefined("part_undefined")
    if cost == 0:
        return Undefined("zero_denominator")
    earned = margin(around)
    lifetime = value * earned.share
    beside = {"basis": earned.basis, "margin": earned.share, "profit": future_profit(lifetime, cost)}
    return Estimate(value=lifetime / cost, numerator=lifetime, denominator=cost, beside=beside)
