"""A metric's card: what it asks, in which unit, by which formula, and when it has no value."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Unit(StrEnum):
    """What the value is counted in."""

    MONEY = "money"
    COUNT = "count"
    RATIO = "ratio"
    RATE = "rate"
    DAYS = "days"
    YEARS = "years"
    MONTHS = "months"
    HOURS = "hours"
    SCORE = "score"


class Better(StrEnum):
    """Which way is good."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Kind(StrEnum):
    """Whether it measures what people did or what came of it; outcomes are preferred."""

    ACTIVITY = "activity"
    OUTCOME = "outcome"


class Grain(StrEnum):
    """What one row behind the metric is, hence by what it can be grouped."""

    CUSTOMER = "customer"
    ORDER = "order"
    LINE = "line"
    SUBSCRIPTION = "subscription"
    ANSWER = "answer"
    TICKET = "ticket"
    COST = "cost"
    COMPANY = "company"


class Interval(StrEnum):
    """How the interval is made."""

    WILSON = "wilson"
    CLUSTERED = "linearised, clustered by customer"
    ORDER_STATISTIC = "order statistic"
    ADJUSTED_WALD = "adjusted wald"
    GREENWOOD = "greenwood"
    COMPLEMENT = "from its complement"
    NONE = "none"


class Shape(StrEnum):
    """The four shapes of a metric; a total is a ratio without a denominator."""

    TOTAL = "total"
    RATIO = "ratio"
    DISTRIBUTION = "distribution"
    CURVE = "curve"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class Band:
    """A named range of values: from `low` up to but not including `high`, after rounding to two decimals."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Everything that is declared of a metric."""

    name: str
    title: str
    family: str
    shape: Shape
    question: str
    unit: Unit
    better: Better
    kind: Kind
    grain: Grain
    formula: str
    symbols: Mapping[str, str]
    undefined_when: str
    source: str
    requirements: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """Tables without which there is nothing to say; "orders or events" asks for one of them."""
    interval: Interval = Interval.NONE
    money: tuple[str, ...] = ()
    """Which of numerator and denominator are money."""
    scale: float = 1.0
    """The value is numerator / denominator times this."""
    dimensions: tuple[str, ...] = ()
    """Columns of the rows, beyond the customer's attributes, that it can be grouped by."""
    beside: Mapping[str, str] = field(default_factory=dict)
    """Figures that are summed (words: the last by alphabet) and shown beside the value, and what they mean."""
    same: Mapping[str, str] = field(default_factory=dict)
    """Columns that must hold one value in a window and group, and the reason there is none where they do not."""
    shares: tuple[str, ...] = ()
    """Figures of `beside` that are shown as shares of the denominator."""
    empty: str = "no_data"
    """The reason given where there is nothing below the line."""
    needs_history: bool = False
    bands: tuple[Band, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Arguments with their default values."""
    argument_meanings: Mapping[str, str] = field(default_factory=dict)
    default_months: int | None = None
    """Trailing months of the window when none is given; None is all data."""

    @property
    def is_customer_metric(self) -> bool:
        """Whether customer attributes are dimensions."""
        return self.grain not in (Grain.COST, Grain.COMPANY) or bool(self.dimensions)


@dataclass(frozen=True, slots=True)
class Metric:
    """A card with the function that gives its rows (ratio, distribution, curve) or its value (derived)."""

    card: Card
    function: Callable[..., Any]
    inputs: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    """Derived metrics: the metrics it is made of, with their arguments."""
    reduce: Callable[..., Any] | None = None
    """Curves: from the curve's rows to an estimate."""
    within_group: Callable[..., Any] | None = None
    """Ratios whose rows depend on the others of their group (ranks): makes the rows anew where they have a column `group`."""
    unless: Callable[..., str | None] | None = None
    """From the session and the arguments: the reason why there is no value in any window, where there is one."""
