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
    order, y, t, w = _in_order(outcome, treated, score, weights)
    return _gain(y, t, w) if len(order) else y


def coefficient(outcome: NDArray[Any], treated: NDArray[Any], score: NDArray[Any], weights: NDArray[Any] | None = None) -> float:
    """The area between the curve and the straight line to its end: 0 for scores that say nothing, below 0 for the wrong way round.

    >>> import numpy as np
    >>> y, t = np.array([1, 0, 0, 0, 0, 0, 0, 1]), np.array([1, 0, 1, 0, 1, 0, 1, 0])
    >>> round(coefficient(y, t, np.arange(8)[::-1]), 4)
    0.1875
    """
    order, y, t, w = _in_order(outcome, treated, score, weights)
    return _area(y, t, w) if len(order) else 0.0


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

    order, y, t, whole = _in_order(outcome, treated, score, None)
    if not len(order):
        return Qini(0.0, 0.0, 0.0)
    random = np.random.default_rng(seed)
    arms = [np.flatnonzero(t), np.flatnonzero(~t)]
    drawn = []
    for _round in range(bootstraps):
        weights = np.zeros(len(order))
        for arm in arms:
            weights[arm] = np.bincount(random.integers(0, len(arm), len(arm)), minlength=len(arm)) if len(arm) else 0
        drawn.append(_area(y, t, weights))
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Qini(_area(y, t, whole), float(low), float(high))


def _in_order(
    outcome: NDArray[Any], treated: NDArray[Any], score: NDArray[Any], weights: NDArray[Any] | None
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """The order by falling score, and outcome, treatment and weight in it."""
    import numpy as np

    order = np.argsort(-np.asarray(score, np.float64), kind="stable")
    w = np.ones(len(order)) if weights is None else np.asarray(weights, np.float64)[order]
    return order, np.asarray(outcome, np.float64)[order], np.asarray(treated, bool)[order], w


def _gain(y: NDArray[Any], t: NDArray[Any], w: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    n_treated, n_control = np.cumsum(w * t), np.cumsum(w * ~t)
    gained, base = np.cumsum(w * y * t), np.cumsum(w * y * ~t)
    ratio = np.divide(n_treated, n_control, out=np.zeros(len(y)), where=n_control > 0)
    gain: NDArray[Any] = np.where(n_control > 0, gained - base * ratio, 0.0) / max(float(n_treated[-1]), 1.0)
    return gain


def _area(y: NDArray[Any], t: NDArray[Any], w: NDArray[Any]) -> float:
    import numpy as np

    gain = _gain(y, t, w)
    return float(np.average(gain - np.cumsum(w) / w.sum() * gain[-1], weights=w))
