"""The Qini curve: what treating the most persuadable first brings, against treating anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

BOOTSTRAPS = 300


@dataclass(frozen=True, slots=True)
class Qini:
    """The Qini coefficient with its bootstrap interval, in outcomes per treated customer."""

    value: float
    low: float
    high: float

    @property
    def is_learnable(self) -> bool:
        """Whether the interval lies above zero: the scores order customers better than chance does."""
        return self.low > 0


def curve(outcome: NDArray[Any], treated: NDArray[Any], score: NDArray[Any], weights: NDArray[Any] | None = None) -> NDArray[Any]:
    """Incremental outcomes per treated customer after the first 1, 2, ... customers by falling score.

    `(Y_t(k) - Y_c(k) N_t(k) / N_c(k)) / N_t`: Y sums of the outcome and N customers among the first k, treated and control; the last N_t is that
    of all. Where no control is among the first k it is 0. Ties keep the order in which customers were given.
    Source: Radcliffe (2007), Using control groups to target on predicted lift, Direct Marketing Analytics Journal.
    """
    import numpy as np

    order = np.argsort(-np.asarray(score, np.float64), kind="stable")
    w = np.ones(len(order)) if weights is None else np.asarray(weights, np.float64)[order]
    y, t = np.asarray(outcome, np.float64)[order] * w, np.asarray(treated, bool)[order]
    n_treated, n_control = np.cumsum(w * t), np.cumsum(w * ~t)
    gained, base = np.cumsum(y * t), np.cumsum(y * ~t)
    there = n_control > 0
    gain = np.where(there, gained - base * n_treated / np.where(there, n_control, 1.0), 0.0)
    return gain / max(float(n_treated[-1]), 1.0) if len(order) else gain


def coefficient(outcome: NDArray[Any], treated: NDArray[Any], score: NDArray[Any], weights: NDArray[Any] | None = None) -> float:
    """The area between the curve and the straight line to its end: 0 for scores that say nothing, below 0 for the wrong way round.

    >>> import numpy as np
    >>> y, t = np.array([1, 0, 0, 0, 0, 0, 0, 1]), np.array([1, 0, 1, 0, 1, 0, 1, 0])
    >>> round(coefficient(y, t, np.arange(8)[::-1]), 4)
    0.1875
    """
    import numpy as np

    gain = curve(outcome, treated, score, weights)
    if not len(gain):
        return 0.0
    w = np.ones(len(gain)) if weights is None else np.asarray(weights, np.float64)[np.argsort(-np.asarray(score, float), kind="stable")]
    part = np.cumsum(w) / w.sum()
    return float(np.average(gain - part * gain[-1], weights=w))


def qini(
    outcome: NDArray[Any],
    treated: NDArray[Any],
    score: NDArray[Any],
    *,
    confidence: float = 0.95,
    bootstraps: int = BOOTSTRAPS,
    seed: int = 0,
) -> Qini:
    """The coefficient with the percentile interval of a bootstrap over customers, arms apart; `score` must come from other customers' data."""
    import numpy as np

    treated = np.asarray(treated, bool)
    order = np.argsort(-np.asarray(score, np.float64), kind="stable")
    y, t = np.asarray(outcome, np.float64)[order], treated[order]
    ranked = -np.arange(len(order), dtype=np.float64)
    random = np.random.default_rng(seed)
    arms = [np.flatnonzero(t), np.flatnonzero(~t)]
    drawn = []
    for _round in range(bootstraps):
        weights = np.zeros(len(order))
        for arm in arms:
            weights[arm] = np.bincount(random.integers(0, len(arm), len(arm)), minlength=len(arm)) if len(arm) else 0
        drawn.append(coefficient(y, t, ranked, weights))
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail]) if drawn else (0.0, 0.0)
    return Qini(coefficient(y, t, ranked), float(low), float(high))
