"""Drift: how far the customers of now are from those that the model learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PARTS = 10
LEAST = 1e-4
"""An empty bin counts as this share, so that the index stays finite."""


def psi(before: Floats, now: Floats) -> float:
    """Population stability index: sum over bins of (q - p) x ln(q / p), with p and q the shares of before and now.

    Bins are the tenths of `before` (fewer where many values are equal) and one for missing values. Below 0.1 is usually called no shift, above
    0.25 a large one; Siddiqi (2006), Credit Risk Scorecards.

    >>> psi(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    0.0
    """
    there = before[~np.isnan(before)]
    edges = np.unique(np.quantile(there, np.linspace(0, 1, PARTS + 1)[1:-1])) if len(there) else np.zeros(0)
    p, q = (_shares(values, edges) for values in (before, now))
    return float(np.sum((q - p) * np.log(q / p)))


def _shares(values: Floats, edges: Floats) -> Floats:
    missing = np.isnan(values)
    counts = np.bincount(np.searchsorted(edges, values[~missing], side="left"), minlength=len(edges) + 1)
    shares = np.append(counts, missing.sum()) / max(len(values), 1)
    out: Floats = np.maximum(shares, LEAST)
    return out


def drift(names: Sequence[str], before: Callable[[str], Floats], now: Callable[[str], Floats]) -> list[dict[str, Any]]:
    """For each feature its index, and the shift of its mean in standard deviations of before (None where there are no values); the largest first."""
    rows = []
    for name in names:
        old, new = before(name), now(name)
        if not len(old) or not len(new):
            continue
        rows.append({"feature": name, "psi": psi(old, new), "mean_shift": _shift(old, new)})
    return sorted(rows, key=lambda row: (-row["psi"], row["feature"]))


def _shift(before: Floats, now: Floats) -> float | None:
    old, new = before[~np.isnan(before)], now[~np.isnan(now)]
    if not len(old) or not len(new):
        return None
    sd = float(old.std())
    return float(new.mean() - old.mean()) / sd if sd > 1e-12 else None
