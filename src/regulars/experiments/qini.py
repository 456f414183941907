"""The Qini curve: what treating the most persuadable first brings, against treating anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
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
    block: NDArray[Any] | None = None,
    *,
    confidence: float = 0.95,
    bootstraps: int = BOOTSTRAPS,
    seed: int = 0,
) -> Qini:
    """The coefficient with the percentile interval of a bootstrap over customers, arms apart.

    The score of a customer must come from a model that was not fitted to them. Customers whose scores come from different models stand in different
    blocks (numbers from 0 on, -1 leaves out): the coefficient is then the mean over blocks, weighted by their customers.
    """
    import numpy as np

    block = np.zeros(len(score), np.int64) if block is None else block
    parts = [_in_order(outcome[block == at], treated[block == at], score[block == at], None) for at in np.unique(block[block >= 0])]
    if not parts:
        return Qini(0.0, 0.0, 0.0)
    sizes = [len(order) for order, *_rest in parts]
    random = np.random.default_rng(seed)
    drawn = np.array([[_area(y, t, _resampled(t, random)) for _order, y, t, _w in parts] for _round in range(bootstraps)])
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.average(drawn, axis=1, weights=sizes), [tail, 1 - tail])
    value = np.average([_area(y, t, w) for _order, y, t, w in parts], weights=sizes)
    return Qini(float(value), float(low), float(high))


def _resampled(treated: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    """How often each customer is drawn, arms apart."""
    import numpy as np

    weights = np.zeros(len(treated))
    for arm in (np.flatnonzero(treated), np.flatnonzero(~treated)):
        if len(arm):
            weights[arm] = np.bincount(random.integers(0, len(arm), len(arm)), minlength=len(arm))
    return weights


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
