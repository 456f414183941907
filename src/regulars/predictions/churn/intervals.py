"""Intervals of a risk: the share that left, on the reporting snapshot, of customers with such a risk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.metrics.estimates import wilson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PARTS = 20
LEAST = 50
"""So many customers are the least of a part."""


def experience(left: Floats, risk: Floats) -> list[dict[str, float]]:
    """What happened by size of the risk: at most 20 parts of about equally many customers, 50 or more in each.

    Each part is told by the risk it goes up to (`until`), with `n`, the share that left, and the Wilson interval of that share.
    """
    parts = min(PARTS, len(risk) // LEAST)
    if parts < 1:
        return []
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, parts + 1)[1:-1]))
    place = np.searchsorted(edges, risk, side="left")
    n, gone = np.bincount(place, minlength=len(edges) + 1), np.bincount(place, weights=left, minlength=len(edges) + 1)
    rows = []
    for until, customers, leavers in zip([*edges.tolist(), 1.0], n.tolist(), gone.tolist(), strict=True):
        if customers:
            low, high = wilson(leavers, customers)
            rows.append({"until": until, "n": customers, "left_share": leavers / customers, "low": low, "high": high})
    return rows


def interval(risk: Floats, seen: Sequence[Mapping[str, Any]]) -> tuple[Floats, Floats] | None:
    """Lower and upper end for each risk: the interval of its part, widened to hold the risk itself; None where there was no reporting snapshot."""
    if not seen:
        return None
    place = np.minimum(np.searchsorted([row["until"] for row in seen], risk, side="left"), len(seen) - 1)
    low, high = (np.array([row[end] for row in seen])[place] for end in ("low", "high"))
    return np.minimum(low, risk), np.maximum(high, risk)
