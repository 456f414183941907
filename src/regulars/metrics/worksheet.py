"""The arithmetic of customer value on plain numbers: lifetime value, acquisition cost, present value, equity, payback.

The metrics take their numbers from the tables and do these sums with them; by hand they are as useful:

>>> simple_value(250, 6, 5)
7500
>>> acquisition_cost(100, media=3000), acquisition_cost(100, media=3000, wages=200, software=100, services=300, overhead=100)
(30.0, 37.0)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regulars.errors import ArgumentRefused
from regulars.metrics.card import Band

if TYPE_CHECKING:
    from collections.abc import Mapping

INFINITY = float("inf")

VALUE_TO_COST_BANDS = (
    Band("not viable", -INFINITY, 2.0),
    Band("very little profit", 2.0, 3.0),
    Band("good", 3.0, 3.01),
    Band("great", 3.01, INFINITY),
)
"""Lifetime value over acquisition cost, after rounding to two decimals; requirements M-16 and X-08."""

ACTIONS = {
    "average_order_value": "cross_sell_bundles_upsell",
    "purchase_frequency": "offers_discounts_launches",
    "customer_lifespan": "engagement_content_email",
}
"""What to do about the weakest part of the lifetime value; requirement M-08."""


def simple_value(order_value: float, orders_per_year: float, years: float) -> float:
    """Value of an order x orders a year x years a customer stays: lifetime value in revenue."""
    return order_value * orders_per_year * years


def acquisition_cost(
    customers: int, *, media: float, wages: float = 0, software: float = 0, services: float = 0, overhead: float = 0
) -> float:
    """What it cost to win one customer: media alone, or fully loaded."""
    if customers <= 0:
        raise ArgumentRefused(
            f"{customers} customers were won.", expected="one customer or more", remedy="Take a period in which customers were won."
        )
    return (media + wages + software + services + overhead) / customers


def cash_flow(yearly_spend: float, margin: float, retention_cost: float = 0) -> float:
    """What a customer leaves in a year: spend x margin - what is spent on keeping them.

    >>> cash_flow(100, 0.6)
    60.0
    """
    return yearly_spend * margin - retention_cost


def present_values(yearly: float, rate: float, years: int) -> tuple[float, ...]:
    """Each year's cash flow at today's worth, the first one discounted too: CF / (1 + r)^t for t = 1 .. n."""
    check_discounting(rate, years)
    return tuple(yearly / (1 + rate) ** t for t in range(1, years + 1))


def present_value(yearly: float, rate: float, years: int) -> float:
    """The sum of the present values.

    >>> [round(present_value(60, rate, 5), 2) for rate in (0.0, 0.05, 0.10)]
    [300.0, 259.77, 227.45]
    """
    return sum(present_values(yearly, rate, years))


def check_discounting(rate: float, years: int) -> None:
    """Raise `ArgumentRefused` where the rate or the number of years makes no sense."""
    if not -1 < rate < INFINITY:
        raise ArgumentRefused(
            f"The discount rate is {rate}.", expected="a number above -1, such as 0.1 for ten per cent", remedy="Give another rate."
        )
    if years < 1 or years != int(years):
        raise ArgumentRefused(
            f"The number of years is {years}.", expected="a whole number from 1 on", remedy="Give another number of years."
        )


def value_to_cost_band(ratio: float) -> str:
    """The band of a lifetime value over acquisition cost, which is rounded to two decimals first.

    >>> [value_to_cost_band(x) for x in (1.994, 1.995001, 2.994, 3.0, 3.004, 3.006)]
    ['not viable', 'very little profit', 'very little profit', 'good', 'good', 'great']
    """
    return next(band.name for band in VALUE_TO_COST_BANDS if band.low <= round(ratio, 2) < band.high)


def future_profit(projected_revenue: float, acquisition_cost: float) -> float:
    """Projected revenue minus what the customers cost to win; requirement X-07.

    >>> future_profit(7500, 3700)
    3800
    """
    return projected_revenue - acquisition_cost


def months_to_pay_back(acquisition_cost: float, monthly_margin: float) -> float | None:
    """The simple form: acquisition cost / margin a month; None where there is no margin.

    >>> months_to_pay_back(30, 5)
    6.0
    """
    return acquisition_cost / monthly_margin if monthly_margin > 0 else None


def weakest_part(parts: Mapping[str, float], reference: Mapping[str, float]) -> str | None:
    """The part that is furthest below its reference, as a share of it; None without a reference for each.

    >>> weakest_part({"aov": 200, "frequency": 6, "years": 5}, {"aov": 250, "frequency": 6, "years": 5})
    'aov'
    """
    shares = {name: value / reference[name] for name, value in parts.items() if reference.get(name)}
    return min(sorted(shares), key=shares.__getitem__) if len(shares) == len(parts) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityWorksheet:
    """Customer equity in seven steps, in major units; requirement M-20.

    >>> sheet = EquityWorksheet(
    ...     acquisition_spend=60_000,
    ...     customers_won=600,
    ...     retention_spend=200,
    ...     active_customers=600,
    ...     yearly_spend=10 * 10,
    ...     margin=(10 - 4) / 10,
    ...     years=5,
    ...     rate=0.0,
    ... )
    >>> sheet.acquisition_cost
    100.0
    """

    yearly_spend: float
    """What an active customer spends in a year."""
    margin: float
    """Share of it that is left after the cost of goods."""
    retention_spend: float
    """Spent in a year on keeping customers: a company total, spread over the active ones."""
    active_customers: int
    rate: float
    years: int
    acquisition_spend: float | None = None
    customers_won: int | None = None

    @property
    def acquisition_cost(self) -> float | None:
        """Step 1: what it cost to win a customer; None where it is not known."""
        if self.acquisition_spend is None or not self.customers_won:
            return None
        return self.acquisition_spend / self.customers_won

    @property
    def retention_cost(self) -> float:
        """Step 2: what is spent in a year on keeping one customer."""
        return self.retention_spend / self.active_customers

    @property
    def cash_flow(self) -> float:
        """Steps 3 to 5: what a customer leaves each year."""
        return cash_flow(self.yearly_spend, self.margin, self.retention_cost)

    @property
    def value(self) -> float:
        """Step 7: the value of a customer, their acquisition not subtracted."""
        return present_value(self.cash_flow, self.rate, self.years)

    @property
    def equity(self) -> float:
        """The value of all active customers, their acquisition not subtracted: it is spent."""
        return self.value * self.active_customers

    @property
    def value_after_acquisition(self) -> float | None:
        """The value of a customer who is still to be won."""
        return None if self.acquisition_cost is None else self.value - self.acquisition_cost

    @property
    def equity_after_acquisition(self) -> float | None:
        """The value of all active customers less what they cost to win."""
        return None if self.value_after_acquisition is None else self.value_after_acquisition * self.active_customers

    @property
    def steps(self) -> tuple[tuple[str, float | tuple[float, ...] | None], ...]:
        """The seven steps by name."""
        return (
            ("acquisition_cost", self.acquisition_cost),
            ("retention_cost_a_year", self.retention_cost),
            ("spend_a_year", self.yearly_spend),
            ("margin", self.margin),
            ("cash_flows", (self.cash_flow,) * self.years),
            ("present_values", present_values(self.cash_flow, self.rate, self.years)),
            ("value", self.value),
        )
