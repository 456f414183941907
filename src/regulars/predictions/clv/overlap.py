"""The integral behind Pareto/NBD: of (alpha + y)^-m (beta + y)^-n over y from one age to another, without special functions.

Its closed form is a difference of 2F1 of two ages, which cancels where they are close and overflows where orders are many. In w = log of the smaller
of alpha and beta plus y, the integrand is smooth for half a turn around, so that 32 points suffice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS = 32
ROWS = 1_024
"""Rows at once; with the points they fill a core's cache."""

NEGLIGIBLE = 45.0
"""What decayed by exp(-45) adds nothing."""


@lru_cache(maxsize=4)
def legendre(points: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gauss-Legendre points and weights from 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return (nodes + 1) / 2, weights / 2


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """Points of the integral; arrays are rows x points.

    `since_alpha` is log((alpha + y) / (alpha + first)), `since_beta` the same of beta. `weight` is the integrand over its value at `first`, times dy,
    so that the integral is (alpha + first)^-m (beta + first)^-n times the sum of the weights of a row.
    """

    y: NDArray[np.float64]
    since_alpha: NDArray[np.float64]
    since_beta: NDArray[np.float64]
    weight: NDArray[np.float64]


def overlap(
    alpha: float, m: NDArray[np.float64] | float, beta: float, n: float, first: NDArray[np.float64], last: NDArray[np.float64]
) -> Overlap:
    """Points for y from `first` to `last`; `m` belongs to alpha and `n` to beta."""
    small, large = (alpha, beta) if alpha <= beta else (beta, alpha)
    of_small, of_large = (m, n) if alpha <= beta else (n, m)
    start, far = small + first, large + first
    width = np.log((small + last) / start)
    with np.errstate(divide="ignore", over="ignore"):
        width = np.minimum(width, NEGLIGIBLE / np.maximum(np.asarray(of_small) - 1, 1e-6))
        width = np.minimum(width, np.log1p(far / start * np.expm1(np.minimum(NEGLIGIBLE / np.asarray(of_large), 600))))
    nodes, weights = legendre(POINTS)
    since_small = width[:, None] * nodes
    further = start[:, None] * np.expm1(since_small)
    since_large = np.log1p(further / far[:, None])
    exponent = (1 - _column(of_small)) * since_small
    exponent -= _column(of_large) * since_large
    weight = np.exp(exponent)
    weight *= weights
    weight *= (start * width)[:, None]
    y = further + first[:, None]
    return Overlap(y, since_small, since_large, weight) if alpha <= beta else Overlap(y, since_large, since_small, weight)


def _column(exponent: Any) -> Any:
    return exponent[:, None] if np.ndim(exponent) else exponent
