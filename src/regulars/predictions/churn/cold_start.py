"""The value model's probability of no order within the horizon: needs no outcomes, so it answers from the first day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from regulars.metrics.estimates import Undefined
from regulars.predictions.clv.histories import Histories
from regulars.predictions.clv.model import ValueModel, fit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Read = Callable[[str], Floats]

LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class ColdStart:
    """P(no order within `horizon_days`) of BG/NBD. Its single reason is the silence against what is usual for so many orders."""

    model: ValueModel
    horizon_days: int
    baseline: float
    kind: str = "clv"

    def raw(self, read: Read, n: int) -> Floats:
        """The score of `n` customers on the scale of log odds; a customer without an order gets the mean."""
        out = np.full(n, self.baseline)
        parts = [read(name) for name in ("frequency", "recency_days", "age_days")]
        bought = ~np.isnan(parts[2])
        if bought.any():
            out[bought] = _log_odds(self.model, parts, bought, self.horizon_days)
        return out

    def contributions(self, read: Read, n: int) -> tuple[float, dict[str, Floats]]:
        """The mean score, and the difference to it as the one reason."""
        return self.baseline, {"silent_longer_than_usual": self.raw(read, n) - self.baseline}

    def features(self) -> list[dict[str, Any]]:
        """What the model rests on, for the card."""
        return [{"name": name, "reason": "silent_longer_than_usual"} for name in ("frequency", "recency_days", "age_days")]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {"kind": self.kind, "model": self.model.as_dict(), "horizon_days": self.horizon_days, "baseline": self.baseline}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """From what `as_dict` gave."""
        return cls(ValueModel.from_dict(values["model"]), values["horizon_days"], values["baseline"])


def fit_cold_start(read: Read, horizon_days: int, *, seed: int = 0) -> ColdStart | Undefined:
    """The model of the buyers whose histories `read` gives; Undefined where no order pattern can be learned (`no_repeats`, `no_data`)."""
    parts = [read(name) for name in ("frequency", "recency_days", "age_days")]
    bought = ~np.isnan(parts[2])
    if not bought.any():
        return Undefined("no_data")
    model = fit(_histories(parts, bought), seed=seed)
    if isinstance(model.purchase_fit, Undefined):
        return model.purchase_fit
    return ColdStart(model, horizon_days, float(_log_odds(model, parts, bought, horizon_days).mean()))


def _histories(parts: list[Floats], bought: NDArray[np.bool_]) -> Histories:
    frequency, recency, age = (part[bought] for part in parts)
    return Histories(frequency, np.where(frequency > 0, recency, 0.0), age, np.zeros(len(age)))


def _log_odds(model: ValueModel, parts: list[Floats], bought: NDArray[np.bool_], horizon_days: int) -> Floats:
    none = np.clip(model.probability_of_no_order(_histories(parts, bought), horizon_days), LEAST, 1 - LEAST)
    out: Floats = np.log(none) - np.log1p(-none)
    return out
