"""Customer equity: what are all active customers worth together?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars import money
from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import curve
from regulars.metrics.earnings import discounting, without_rate
from regulars.metrics.estimates import Estimate, Undefined
from regulars.metrics.worksheet import EquityWorksheet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ibis.expr.types as ir

    from regulars.metrics.results import MetricValue
    from regulars.relations.registry import Tables


def _won_for(around: Mapping[str, Any]) -> MetricValue:
    """The acquisition cost of the window, for the whole company."""
    from regulars.metrics.catalogue import run

    memo, window = around["memo"], around["window"]
    if "acquisition" not in memo:
        memo["acquisition"] = {(v.window_start, v.window_end): v for v in run(around["session"], "cac", around["windows"])}
    return memo["acquisition"][window.start, window.end]  # type: ignore[no-any-return]


def _equity(rows: Sequence[Mapping[str, Any]], around: Mapping[str, Any]) -> Estimate | Undefined:
    found = discounting(rows[0], around)
    if isinstance(found, Undefined):
        return found
    currency = str(around["session"].currency)
    cost = _won_for(around)
    sheet = EquityWorksheet(
        yearly_spend=money.to_major(found.yearly_spend, currency),
        margin=found.margin.share,
        retention_spend=money.to_major(found.retention_cost, currency) * found.active,
        active_customers=found.active,
        rate=found.rate,
        years=found.years,
        acquisition_spend=cost.numerator if cost.is_defined else None,
        customers_won=None if not cost.is_defined or cost.denominator is None else int(cost.denominator),
    )
    beside = dict(sheet.steps) | {
        "basis": found.margin.basis,
        "value_after_acquisition": sheet.value_after_acquisition,
        "equity_after_acquisition": sheet.equity_after_acquisition,
    }
    return Estimate(value=sheet.equity * 10 ** money.exponent(currency), n=found.active, beside=beside)


@curve(
    question="What are the next years' cash flows of all active customers worth today?",
    unit=Unit.MONEY,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="A x sum of CF / (1 + r)^t for t = 1 .. n, with CF = V x m / A - R / A",
    symbols={
        "A": "customers active at the window's end",
        "V": "net value of customers' kept orders in the 365 days up to the window's end",
        "m": "margin: gross margin of these days, else the setting margin_rate, else 1 (revenue; said beside)",
        "R": "costs of retention in these days: a company total, spread over all active customers",
        "r": "discount rate a year",
        "n": "years",
    },
    undefined_when="no discount rate is given, or no customer is active at the window's end",
    source="Requirements M-20, X-09: the worksheet of seven steps, with 60,000 / 600 = 100 and a margin of 60 %",
    requirements=("M-20",),
    needs=("orders or subscriptions or costs",),
    interval=Interval.NONE,
    beside={
        "acquisition_cost": "step 1: cost of winning a customer in the window",
        "retention_cost_a_year": "step 2: cost of keeping one customer",
        "spend_a_year": "step 3: what a customer spends",
        "margin": "step 4: share of it that is earned",
        "cash_flows": "step 5: what a customer leaves, year by year",
        "present_values": "step 6: the same at today's worth",
        "value": "step 7: the value of a customer; times A it is the equity",
        "basis": "gross_margin, margin_rate or revenue: where the margin comes from",
        "value_after_acquisition": "the value of a customer less what it costs to win one",
        "equity_after_acquisition": "the equity less what it would cost to win these customers",
    },
    argument_meanings={
        "rate": "discount rate a year, 0.1 for ten per cent; the setting discount_rate where it is not given",
        "years": "how many years ahead",
        "retention_spend": "spent in a year on keeping customers, in all; taken from the costs where it is not given",
    },
    unless=without_rate,
    reduce=_equity,
)
def customer_equity(t: Tables, *, rate: float | None = None, years: int = 5, retention_spend: float | None = None) -> ir.Table:
    """One row per window and customer who ordered in the year before its end or is active there: what they spent, whether they are active."""
    del rate, years, retention_spend  # they come in when the sums are discounted
    return t.yearly_value
