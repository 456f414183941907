"""Discounted customer value: what is an active customer worth today?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars import money
from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import curve
from regulars.metrics.earnings import discounting, without_rate
from regulars.metrics.estimates import Estimate, Undefined
from regulars.metrics.worksheet import cash_flow, present_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


def _present_value(rows: Sequence[Mapping[str, Any]], around: Mapping[str, Any]) -> Estimate | Undefined:
    found = discounting(rows[0], around)
    if isinstance(found, Undefined):
        return found
    yearly = cash_flow(found.yearly_spend, found.margin.share, found.retention_cost)
    currency = str(around["session"].currency)
    beside = {
        "spend_a_year": money.to_major(found.yearly_spend, currency),
        "retention_cost_a_year": money.to_major(found.retention_cost, currency),
        "cash_flow_a_year": money.to_major(yearly, currency),
        "margin": found.margin.share,
        "basis": found.margin.basis,
        "rate": found.rate,
        "years": found.years,
    }
    return Estimate(value=present_value(yearly, found.rate, found.years), n=found.active, beside=beside)


@curve(
    question="What are the next years' cash flows of an active customer worth today, if they go on as in the past year?",
    unit=Unit.MONEY,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="sum of CF / (1 + r)^t for t = 1 .. n, with CF = V x m / A - R / A",
    symbols={
        "V": "net value of customers' kept orders in the 365 days up to the window's end",
        "A": "customers active at the window's end",
        "m": "margin: gross margin of these days, else the setting margin_rate, else 1 (revenue; said beside)",
        "R": "costs of retention in these days: a company total, spread over all active customers",
        "r": "discount rate a year",
        "n": "years",
    },
    undefined_when="no discount rate is given, or no customer is active at the window's end",
    source="Requirements M-06, X-04, X-09: a cash flow of 60 over 5 years is worth 300.00 at 0 %, 259.77 at 5 %, 227.45 at 10 %",
    requirements=("M-06",),
    needs=("orders or subscriptions or costs",),
    interval=Interval.NONE,
    beside={
        "spend_a_year": "net value of orders per active customer",
        "retention_cost_a_year": "cost of keeping one customer",
        "cash_flow_a_year": "what a customer leaves in a year",
        "margin": "share of revenue that is earned",
        "basis": "gross_margin, margin_rate or revenue: where the margin comes from",
        "rate": "discount rate a year",
        "years": "years looked ahead",
    },
    argument_meanings={
        "rate": "discount rate a year, 0.1 for ten per cent; the setting discount_rate where it is not given",
        "years": "how many years ahead",
        "retention_spend": "spent in a year on keeping customers, in all; taken from the costs where it is not given",
    },
    unless=without_rate,
    reduce=_present_value,
)
def clv_discounted(t: Tables, *, rate: float | None = None, years: int = 5, retention_spend: float | None = None) -> ir.Table:
    """One row per window and customer who ordered in the year before its end or is active there: what they spent, whether they are active."""
    del rate, years, retention_spend  # they come in when the sums are discounted
    return t.yearly_value
