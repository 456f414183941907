"""The card of a churn model: what it is, what it learned from, how good it was on later data, and how far the data have moved since."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTES = {
    "no_later_report": "There is no later snapshot with a known outcome: how good the model is on later data is not known yet.",
    "chosen_on_half": "With so short a history the model was chosen on one half of the customers by what was learned from the other.",
    "no_outcomes": "No outcome is known yet: the risk is that of the value model.",
    "few_outcomes": "With fewer than 50 leavers or 50 stayers only the recency rule and the value model were candidates.",
    "lightgbm_not_loaded": "LightGBM could not be loaded (it needs an OpenMP library), so the challenger was left out.",
    "some_drawn": "The model learned from 40,000 customers of each snapshot, drawn at random.",
    "some_outcomes_unknown": "Customers whose term ends after the data are left out: whether they stayed is not known yet.",
}
"""Notes on a card by code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What a reader must know of a model; all plain values.

    `snapshots` says the day, the role (training, choosing, reporting), customers and leavers of each; `scores` the scores of every candidate by role and
    population (`all`, or only the `active` customers); `experience` the share of customers with such a risk that left, on the reporting snapshot; `features` the numbers of each column; `left_out` why columns are missing; `drift` the
    population stability index and the shift of the mean (in training standard deviations) from training to now; `notes` codes of `NOTES`.
    """

    kind: str
    by_cancellation: bool
    horizon_days: int
    as_of: str
    data_from: str
    snapshots: tuple[Mapping[str, Any], ...]
    n: int
    leavers: int
    features: tuple[Mapping[str, Any], ...]
    left_out: Mapping[str, str]
    strength: float | None
    calibration: str
    scores: tuple[Mapping[str, Any], ...]
    experience: tuple[Mapping[str, Any], ...]
    drift: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]
    libraries: Mapping[str, str]
    seed: int
    version: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """From what `as_dict` gave."""
        read: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        return cls(**read)

    def sentences(self) -> list[str]:
        """The notes in words."""
        return [NOTES[code] for code in self.notes]


def content_hash(*parts: str) -> str:
    """Sixteen hexadecimal digits that change with anything in `parts`."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def libraries() -> dict[str, str]:
    """Versions of the libraries that the numbers come from."""
    from importlib.metadata import version

    return {name: version(name) for name in ("lightgbm", "numpy", "scikit-learn", "scipy")}
