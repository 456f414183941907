"""Where few have bought, what is said of one of them is drawn towards the company's mean."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.predictions.clv.histories import Histories
    from regulars.predictions.clv.model import Purchases, Spend, ValueModel


@dataclass(frozen=True, slots=True, eq=False)
class Shrunk:
    """A model whose answer for one customer is `weight` x its own + (1 - weight) x the mean of its answers for all; sums stay as they are."""

    model: ValueModel
    company: Histories
    weight: float

    @property
    def purchases(self) -> Purchases:
        """The model's own."""
        return self.model.purchases

    @property
    def spend(self) -> Spend:
        """The model's own."""
        return self.model.spend

    @property
    def version(self) -> str:
        """The version of the model that is shrunk, and the weight."""
        return _hash({"model": self.model.version, "weight": self.weight})

    def as_dict(self) -> dict[str, Any]:
        """Plain values, the model's inside."""
        return {"model": "shrunk", "weight": self.weight, "of": self.model.as_dict()}

    def _drawn(self, own: NDArray[Any], everybody: NDArray[Any]) -> NDArray[Any]:
        return self.weight * own + (1 - self.weight) * float(everybody.mean())

    def expected_orders(self, h: Histories, days: float) -> NDArray[Any]:
        """Drawn towards the mean of all."""
        return self._drawn(self.model.expected_orders(h, days), self.model.expected_orders(self.company, days))

    def expected_orders_if_alive(self, h: Histories, days: float) -> NDArray[Any]:
        """Drawn towards the mean of all."""
        return self._drawn(self.model.expected_orders_if_alive(h, days), self.model.expected_orders_if_alive(self.company, days))

    def probability_of_no_order(self, h: Histories, days: float) -> NDArray[Any]:
        """Drawn towards the mean of all."""
        return self._drawn(self.model.probability_of_no_order(h, days), self.model.probability_of_no_order(self.company, days))

    def probability_alive(self, h: Histories) -> NDArray[Any]:
        """Drawn towards the mean of all."""
        return self._drawn(self.model.probability_alive(h), self.model.probability_alive(self.company))

    def expected_value_per_order(self, h: Histories) -> NDArray[Any]:
        """Drawn towards the mean of all."""
        return self._drawn(self.model.expected_value_per_order(h), self.model.expected_value_per_order(self.company))

    def value(self, h: Histories, months: int = 12, annual_rate: float = 0.0, margin_rate: float = 1.0) -> NDArray[Any]:
        """Drawn towards the mean of all."""
        given = {"months": months, "annual_rate": annual_rate, "margin_rate": margin_rate}
        return self._drawn(self.model.value(h, **given), self.model.value(self.company, **given))  # type: ignore[arg-type]

    def days_to_next_order(self, h: Histories, quantile: float) -> NDArray[Any]:
        """The model's own: dates that may never come have no mean."""
        return self.model.days_to_next_order(h, quantile)


Model: TypeAlias = "ValueModel | Shrunk"
"""What answers for a company's buyers."""


def own_model(model: Model) -> ValueModel:
    """The model itself, where its answers are drawn towards the mean."""
    return model.model if isinstance(model, Shrunk) else model


def _hash(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]
