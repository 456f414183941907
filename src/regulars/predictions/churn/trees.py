"""The challenger: a small gradient-boosted model (LightGBM), kept as LightGBM's own text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from regulars.predictions.churn.features import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.predictions.churn.features import Feature
    from regulars.predictions.churn.frames import Frame

    Floats = NDArray[np.float64]
    Read = Callable[[str], Floats]

ROUNDS = 150
SETTINGS = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
CHUNK = 100_000


@dataclass(frozen=True, slots=True)
class Trees:
    """Boosted trees over the named features; a missing value goes its own way in each split."""

    names: tuple[str, ...]
    text: str
    gains: tuple[float, ...]
    kind: str = "lightgbm"

    def raw(self, read: Read, n: int) -> Floats:
        """The score of `n` customers on the scale of log odds."""
        table = _matrix(self.names, read, n)
        booster = _booster(self.text)
        parts = [booster.predict(table[i : i + CHUNK], raw_score=True, num_threads=1) for i in range(0, n, CHUNK)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def contributions(self, read: Read, n: int) -> tuple[float, dict[str, Floats]]:
        """The mean score over the training customers, and what each reason adds to it (exact Shapley values of the trees); slow, for few rows."""
        if not n:
            return 0.0, {}
        table = _booster(self.text).predict(_matrix(self.names, read, n), pred_contrib=True, num_threads=1)
        reasons: dict[str, Floats] = {}
        for i, name in enumerate(self.names):
            reason = ALL[name].reason
            reasons[reason] = reasons.get(reason, np.zeros(n)) + table[:, i]
        return float(table[0, -1]), reasons

    def features(self) -> list[dict[str, Any]]:
        """The features with the share of the total gain of their splits, for the card."""
        whole = sum(self.gains) or 1.0
        return [{"name": n, "reason": ALL[n].reason, "gain_share": g / whole} for n, g in zip(self.names, self.gains, strict=True)]

    def as_dict(self) -> dict[str, Any]:
        """Plain values but for the text, which is a file of its own."""
        return {"kind": self.kind, "names": list(self.names), "gains": list(self.gains)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], text: str) -> Self:
        """From what `as_dict` gave and the text."""
        return cls(tuple(values["names"]), text, tuple(values["gains"]))


def available() -> bool:
    """Whether LightGBM can be loaded; without an OpenMP library it cannot."""
    try:
        import lightgbm  # noqa: F401 - whether it can be loaded is all that is asked
    except (ImportError, OSError):
        return False
    return True


def fit_trees(frames: Sequence[Frame], features: Sequence[Feature], *, seed: int = 0) -> Trees:
    """150 trees of 8 leaves on the features of all frames together; the same for the same seed."""
    import lightgbm

    names = tuple(f.name for f in features if _varies([g.read(f.name) for g in frames])) or (features[0].name,)
    table = np.concatenate([_matrix(names, f.read, f.n) for f in frames])
    left = np.concatenate([f.left for f in frames])
    booster = lightgbm.train({**SETTINGS, "seed": seed}, lightgbm.Dataset(table, left), num_boost_round=ROUNDS)
    gains = tuple(float(g) for g in booster.feature_importance(importance_type="gain"))
    return Trees(names, booster.model_to_string(), gains)


def _varies(parts: Sequence[Floats]) -> bool:
    """Whether a feature tells customers apart; a missing value is a value of its own."""
    values = np.concatenate(parts)
    first = values[:1]
    return bool(len(values)) and not np.array_equal(values, np.broadcast_to(first, values.shape), equal_nan=True)


@lru_cache(maxsize=4)
def _booster(text: str) -> Any:
    import lightgbm

    return lightgbm.Booster(model_str=text)


def _matrix(names: Sequence[str], read: Read, n: int) -> Floats:
    table = np.empty((n, len(names)))
    for i, name in enumerate(names):
        table[:, i] = read(name)
    return table
