"""Regularised logistic regression in plain numbers: the recency rule (one feature) and the model of all features."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from regulars.predictions.churn.features import ALL, MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.predictions.churn.features import Feature
    from regulars.predictions.churn.frames import Frame

    Floats = NDArray[np.float64]
    Read = Callable[[str], Floats]

SAME = 0.999
"""Columns with a correlation above this say the same; the later one is left out."""
CONSTANT = 1e-9
WEAK = 1.0
"""Inverse strength of the penalty on the recency rule: it only matters where a handful of customers would make its slope endless."""


@dataclass(frozen=True, slots=True)
class Term:
    """One column: the feature (its mean where missing), or the flag of its missing values. Adds coefficient x (column - mean) / sd."""

    feature: str
    flag: bool
    mean: float
    sd: float
    coefficient: float

    @property
    def name(self) -> str:
        """The column's name."""
        return MISSING + self.feature if self.flag else self.feature

    @property
    def reason(self) -> str:
        """The named reason that the column is summed in."""
        return ALL[self.feature].reason

    def of(self, values: Floats) -> Floats:
        """What the column adds to the score, given the feature's values."""
        missing = np.isnan(values)
        column = missing.astype(np.float64) if self.flag else np.where(missing, self.mean, values)
        out: Floats = (column - self.mean) * (self.coefficient / self.sd)
        return out


@dataclass(frozen=True, slots=True)
class Linear:
    """log(P / (1 - P)) = intercept + sum of the terms; `strength` is scikit-learn's C."""

    kind: str
    intercept: float
    terms: tuple[Term, ...]
    strength: float
    left_out: Mapping[str, str]

    def raw(self, read: Read, n: int) -> Floats:
        """The score of `n` customers on the scale of log odds; `read` gives a feature by name."""
        total = np.full(n, self.intercept)
        for feature, terms in _by_feature(self.terms).items():
            values = read(feature)
            for term in terms:
                total += term.of(values)
        return total

    def contributions(self, read: Read, n: int) -> tuple[float, dict[str, Floats]]:
        """The score of the mean training customer, and what each reason adds to it: together they are `raw`."""
        reasons: dict[str, Floats] = {}
        for feature, terms in _by_feature(self.terms).items():
            values = read(feature)
            for term in terms:
                reasons[term.reason] = reasons.get(term.reason, np.zeros(n)) + term.of(values)
        return self.intercept, reasons

    def features(self) -> list[dict[str, Any]]:
        """The columns with their numbers, for the card."""
        return [{"name": t.name, "reason": t.reason, "mean": t.mean, "sd": t.sd, "coefficient": t.coefficient} for t in self.terms]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**asdict(self), "terms": [asdict(t) for t in self.terms], "left_out": dict(self.left_out)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """From what `as_dict` gave."""
        return cls(**{**values, "terms": tuple(Term(**t) for t in values["terms"])})


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """The standardised columns of some frames together, without those that say nothing or the same as another."""

    columns: Floats
    terms: tuple[Term, ...]
    left: Floats
    left_out: Mapping[str, str]


def design(frames: Sequence[Frame], features: Sequence[Feature]) -> Design:
    """Columns to fit on; each snapshot counts by its customers."""
    columns: list[Floats] = []
    terms: list[Term] = []
    left_out: dict[str, str] = {}
    for feature in features:
        values = np.concatenate([f.read(feature.name) for f in frames])
        missing = np.isnan(values)
        if missing.all():
            left_out[feature.name] = "no_data"
            continue
        found = float(values[~missing].mean())
        for flag, column in ((False, np.where(missing, found, values)), (True, missing.astype(np.float64))):
            if flag and not (feature.flagged and missing.any()):
                continue
            mean, sd = (found if not flag else float(column.mean())), float(column.std())
            term = Term(feature.name, flag, mean, sd, 0.0)
            standard = (column - mean) / sd if sd > CONSTANT * max(1.0, abs(mean)) else None
            if standard is None:
                left_out[term.name] = "constant"
            elif any(abs(float(standard @ other)) > SAME * len(standard) for other in columns):
                left_out[term.name] = "same_as_another"
            else:
                columns.append(standard)
                terms.append(term)
    left = np.concatenate([f.left for f in frames])
    return Design(np.column_stack(columns) if columns else np.zeros((len(left), 0)), tuple(terms), left, left_out)


def fit_linear(made: Design, *, kind: str, strength: float) -> Linear:
    """The model of the highest penalised likelihood: sum of log losses x strength + half the sum of squared coefficients; no class weights."""
    from sklearn.linear_model import LogisticRegression

    share = float(np.clip(made.left.mean(), 1e-6, 1 - 1e-6))
    if not made.terms or made.left.min() == made.left.max():
        return Linear(kind, float(np.log(share / (1 - share))), (), strength, made.left_out)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what was reached within the iterations is judged on the later snapshot like any other model
        fitted = LogisticRegression(C=strength, solver="newton-cholesky", max_iter=200, tol=1e-8).fit(made.columns, made.left)
    terms = tuple(Term(t.feature, t.flag, t.mean, t.sd, float(b)) for t, b in zip(made.terms, fitted.coef_[0], strict=True))
    return Linear(kind, float(fitted.intercept_[0]), terms, strength, made.left_out)


def _by_feature(terms: Sequence[Term]) -> dict[str, list[Term]]:
    by_feature: dict[str, list[Term]] = {}
    for term in terms:
        by_feature.setdefault(term.feature, []).append(term)
    return by_feature
