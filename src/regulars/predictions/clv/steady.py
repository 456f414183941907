"""What stands in where a part of the model cannot be fitted: one rate for everybody, one value per order day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.predictions.clv.histories import Histories

HALF_AN_ORDER, A_YEAR = 0.5, 365.0


@dataclass(frozen=True, slots=True)
class SteadyRate:
    """Everybody orders at one rate per day and nobody drops out."""

    rate: float
    name: ClassVar[str] = "steady_rate"

    @classmethod
    def of(cls, histories: Histories) -> SteadyRate:
        """(sum of x + 1/2) / (sum of T + 365): half an order in a year is put to what was seen, so that the rate is never 0."""
        seen, exposure = float(histories.frequency.sum()), float(histories.age_days.sum())
        return cls((seen + HALF_AN_ORDER) / (exposure + A_YEAR))

    def alive(self, x: NDArray[Any], recency: NDArray[Any], age: NDArray[Any]) -> NDArray[np.float64]:  # noqa: ARG002
        """1 for everybody."""
        return np.ones(len(x))

    def orders(self, x: NDArray[Any], age: NDArray[Any], days: float) -> NDArray[np.float64]:  # noqa: ARG002
        """Days x rate."""
        return np.full(len(x), days * self.rate)

    orders_staying = orders

    def order_within(self, x: NDArray[Any], age: NDArray[Any], days: float) -> NDArray[np.float64]:  # noqa: ARG002
        """1 - exp(-days x rate)."""
        return np.full(len(x), -np.expm1(-days * self.rate))

    def days_until(self, x: NDArray[Any], age: NDArray[Any], share: NDArray[Any]) -> NDArray[np.float64]:  # noqa: ARG002
        """-log(1 - share) / rate; infinite from 1 on."""
        reached = share < 1
        return np.where(reached, -np.log1p(-np.where(reached, share, 0.0)) / self.rate, np.inf)

    def counts(self, age: NDArray[np.float64], most: int) -> NDArray[np.float64]:
        """P(0, 1, ... `most` or more orders of a new buyer within `age` days): Poisson."""
        from scipy.special import gammaln

        orders, mean = np.arange(most), np.maximum(age * self.rate, 1e-300)[:, None]
        shares = np.exp(orders * np.log(mean) - mean - gammaln(orders + 1))
        return np.column_stack([shares, np.clip(1 - shares.sum(axis=1), 0, 1)])

    def as_dict(self) -> dict[str, float]:
        """The rate."""
        return {"rate": self.rate}


@dataclass(frozen=True, slots=True)
class SteadyValue:
    """Every order day of everybody has one value, in minor units."""

    value: float
    name: ClassVar[str] = "steady_value"

    @classmethod
    def of(cls, histories: Histories) -> SteadyValue:
        """The mean value of all repeat order days, and 0 where there are none."""
        orders = float(histories.frequency.sum())
        total = float(histories.frequency @ histories.mean_value.astype(np.float64)) if orders else 0.0
        return cls(max(0.0, total / orders) if orders else 0.0)

    def mean(self, x: NDArray[Any], mean_value: NDArray[Any]) -> NDArray[np.float64]:  # noqa: ARG002
        """The one value."""
        return np.full(len(x), self.value)

    @property
    def usual(self) -> float:
        """The one value."""
        return self.value

    def as_dict(self) -> dict[str, float]:
        """The value."""
        return {"value": self.value}
