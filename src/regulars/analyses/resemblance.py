"""Resemblance: a regularised logistic regression that tells some customers from others, and what it is worth on customers it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.metrics.estimates import Z

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Fit:
    """Weights on the columns after each was centred and divided by its spread."""

    centre: NDArray[Any]
    spread: NDArray[Any]
    weights: NDArray[Any]
    intercept: float

    def score(self, columns: NDArray[Any]) -> NDArray[Any]:
        """The probability of being one of those looked for, by row."""
        import numpy as np
        from scipy.special import expit

        if not len(columns):
            return np.zeros(0)
        found: NDArray[Any] = expit((columns - self.centre) / self.spread @ self.weights + self.intercept)
        return found


def fit(columns: NDArray[Any], wanted: NDArray[Any]) -> Fit:
    """Ridge logistic regression: log-loss + half the sum of squared weights, intercept free."""
    import warnings

    from sklearn.linear_model import LogisticRegression

    centre, spread = columns.mean(axis=0), columns.std(axis=0)
    spread[spread == 0] = 1.0
    model = LogisticRegression(C=1.0, max_iter=1000, tol=1e-8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that stops early is judged by its AUC like any other
        model.fit((columns - centre) / spread, wanted)
    return Fit(centre, spread, model.coef_[0], float(model.intercept_[0]))


def unseen_scores(columns: NDArray[Any], wanted: NDArray[Any]) -> NDArray[Any]:
    """Each row's score by a fit on the other four fifths; fifths are dealt in turn, among the wanted and among the others."""
    import numpy as np

    fold = np.zeros(len(wanted), dtype=np.int64)
    for kind in (True, False):
        own = np.flatnonzero(wanted == kind)
        fold[own] = np.arange(len(own)) % FOLDS
    scores = np.zeros(len(wanted))
    for k in range(FOLDS):
        scores[fold == k] = fit(columns[fold != k], wanted[fold != k]).score(columns[fold == k])
    return scores


def auc(scores: NDArray[Any], wanted: NDArray[Any]) -> tuple[float, float, float]:
    """The chance that one of the wanted scores above another row, ties half, with its 95 % interval.

    Hanley and McNeil (1982), Radiology 143, eq. 1: var = (A (1 - A) + (n1 - 1)(Q1 - A^2) + (n0 - 1)(Q2 - A^2)) / (n1 n0), Q1 = A / (2 - A),
    Q2 = 2 A^2 / (1 + A).

    >>> import numpy as np
    >>> value, low, high = auc(np.array([0.9, 0.8, 0.3, 0.2]), np.array([True, False, True, False]))
    >>> value
    0.75
    """
    from scipy.stats import rankdata

    n1 = int(wanted.sum())
    n0 = len(wanted) - n1
    value = float((rankdata(scores.round(12))[wanted].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))
    q1, q2 = value / (2 - value), 2 * value * value / (1 + value)
    variance = (value * (1 - value) + (n1 - 1) * (q1 - value**2) + (n0 - 1) * (q2 - value**2)) / (n1 * n0)
    half = Z * max(0.0, variance) ** 0.5
    return value, max(0.0, value - half), min(1.0, value + half)
