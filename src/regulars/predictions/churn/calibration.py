"""Calibration: a monotone curve from a model's score to the share that really left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from regulars.predictions.churn.scores import paired_bootstrap, squared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEW = 1000
"""Below so many leavers or stayers the curve is Platt's, with two numbers; from there on it is isotonic."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """From the score on the scale of log odds to a probability: `none`, `platt` (slope and shift), or `isotonic` (steps, straight between)."""

    method: str = "none"
    scores: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    def risk(self, raw: Floats) -> Floats:
        """Probabilities."""
        from scipy.special import expit

        if self.method == "isotonic":
            return np.interp(raw, self.scores, self.values)
        slope, shift = self.values if self.method == "platt" else (1.0, 0.0)
        out: Floats = expit(slope * raw + shift)
        return out

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {"method": self.method, "scores": list(self.scores), "values": list(self.values)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """From what `as_dict` gave."""
        return cls(plain["method"], tuple(plain["scores"]), tuple(plain["values"]))


def calibrate(raw: Floats, left: Floats) -> Calibration:
    """The curve over these customers: Platt (1999) below 1,000 leavers or stayers, else isotonic (Zadrozny and Elkan, 2002)."""
    leavers = left.sum()
    if min(leavers, len(left) - leavers) < FEW:
        return _platt(raw, left)
    from scipy.optimize import isotonic_regression

    scores, place = np.unique(raw, return_inverse=True)
    weight = np.bincount(place)
    fitted = isotonic_regression(np.bincount(place, weights=left) / weight, weights=weight)
    blocks = fitted.blocks
    middle = np.add.reduceat(scores * weight, blocks[:-1]) / np.add.reduceat(weight, blocks[:-1])
    # A block of which all left says no certainty: half a leaver and half a stayer are added to each, and what then falls back is held.
    customers = np.add.reduceat(weight, blocks[:-1])
    values = np.maximum.accumulate((fitted.x[blocks[:-1]] * customers + 0.5) / (customers + 1.0))
    return Calibration("isotonic", tuple(middle.tolist()), tuple(values.tolist()))


def chosen_calibration(raw: Floats, left: Floats, *, seed: int = 0) -> Calibration:
    """A curve only where it certainly lowers the Brier score of customers whom it was not made from, else none.

    Each half of the customers is calibrated by the curve of the other half; the 95 % interval of the gain must lie above zero.
    """
    plain = Calibration()
    half = np.random.default_rng(seed).permutation(len(raw)) % 2 == 0
    if min(part.sum() for part in (left[half], 1 - left[half], left[~half], 1 - left[~half])) < 10:
        return plain
    crossed = np.empty(len(raw))
    for own in (half, ~half):
        crossed[own] = calibrate(raw[~own], left[~own]).risk(raw[own])
    gain = paired_bootstrap(squared(left, plain.risk(raw)), squared(left, crossed), resamples=1000, seed=seed)
    return calibrate(raw, left) if getattr(gain, "certain", False) else plain


def _platt(raw: Floats, left: Floats) -> Calibration:
    import warnings

    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = LogisticRegression(C=1e3, max_iter=1000).fit(raw[:, None], left)
    slope = float(fitted.coef_[0, 0])
    if slope <= 0:  # the score ranks the wrong way round here: its curve would turn the order over
        return Calibration()
    return Calibration("platt", values=(slope, float(fitted.intercept_[0])))
