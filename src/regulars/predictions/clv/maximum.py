"""Maximum likelihood on the logarithms of positive parameters, with standard errors and what went on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from regulars.metrics.estimates import Z

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

MANY = 30_000
"""Unique rows from which a subsample is fitted first."""

SAMPLE = 40_000
"""Rows of the subsample, but at most a quarter of all."""

ROUGH = {"ftol": 1e-9, "xtol": 1e-6, "gtol": 1e-5}
FINE = {"ftol": 1e-14, "xtol": 1e-12, "gtol": 1e-7}
STEP = 1e-4
"""Half the distance of the two gradients that a second derivative is taken from."""

NEAR = 1e-3
"""A parameter's logarithm within this distance of its bound counts as being there."""


class Likelihood(Protocol):
    """Mean log-likelihood per weight, as a function of log-parameters; negative, so that it is minimised."""

    @property
    def rows(self) -> int:
        """Rows that one evaluation looks at."""

    @property
    def weight(self) -> float:
        """What the rows stand for together."""

    def sample(self, size: int, seed: int) -> Likelihood:
        """The same on `size` rows drawn without replacement."""

    def __call__(self, logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The negative mean log-likelihood and its gradient."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A fitted parameter with its standard error and 95 % interval (on the logarithm); None where the data do not say."""

    name: str
    value: float
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class FitReport:
    """What a fit came to.

    `at_bound` names parameters that ran to the edge of what is allowed: the data say only that they are very small or very large.
    `evaluations` counts looks at all rows, `log_likelihood` is of days (each repeat order's density is per day).
    """

    model: str
    converged: bool
    at_bound: tuple[str, ...]
    log_likelihood: float
    evaluations: int
    fitted_on: int
    parameters: tuple[Parameter, ...]

    @property
    def values(self) -> dict[str, float]:
        """The parameters by name."""
        return {parameter.name: parameter.value for parameter in self.parameters}

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return {
            "model": self.model,
            "converged": self.converged,
            "at_bound": list(self.at_bound),
            "log_likelihood": self.log_likelihood,
            "evaluations": self.evaluations,
            "fitted_on": self.fitted_on,
            "parameters": [
                {"name": p.name, "value": p.value, "standard_error": p.standard_error, "low": p.low, "high": p.high}
                for p in self.parameters
            ],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FitReport:
        """The report that `as_dict` gave."""
        parts = {name: value for name, value in values.items() if name not in {"parameters", "at_bound"}}
        return cls(**parts, at_bound=tuple(values["at_bound"]), parameters=tuple(Parameter(**p) for p in values["parameters"]))


class _Counted:
    def __init__(self, likelihood: Likelihood) -> None:
        self.likelihood, self.evaluations = likelihood, 0

    def __call__(self, logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        self.evaluations += 1
        return self.likelihood(logs)


def maximise(
    model: str,
    names: Sequence[str],
    likelihood: Likelihood,
    *,
    starts: Sequence[Sequence[float]],
    bounds: Sequence[tuple[float, float]],
    seed: int = 0,
) -> FitReport:
    """The parameters of the highest likelihood within `bounds`, from the best of `starts` (both of the parameters themselves).

    With many rows a subsample is fitted first; from its optimum and curvature a few quasi-Newton steps on all rows are enough.
    """
    limits = np.log(np.array(bounds))
    points = [np.log(np.array(start)) for start in starts]
    full = _Counted(likelihood)
    part = likelihood.sample(min(SAMPLE, likelihood.rows // 4), seed) if likelihood.rows > MANY else full
    logs, done, curvature = _found(full, part, points, limits)
    at_bound = _near(logs, limits)
    value, gradient = full(logs)
    free = ~at_bound
    converged = bool(done or np.max(np.abs(gradient[free]), initial=0.0) < 1e-5)
    errors = _standard_errors(curvature, free, likelihood.weight)
    return FitReport(
        model,
        converged,
        tuple(name for name, there in zip(names, at_bound, strict=True) if there),
        -value * likelihood.weight,
        full.evaluations,
        round(likelihood.weight),
        tuple(_parameter(name, log, error) for name, log, error in zip(names, logs, errors, strict=True)),
    )


def _found(
    full: _Counted, part: Likelihood | _Counted, points: Sequence[NDArray[Any]], limits: NDArray[Any]
) -> tuple[NDArray[np.float64], bool, NDArray[np.float64]]:
    """The optimum on all rows, whether it is one, and the curvature there: roughly on a part, then by quasi-Newton steps on all rows."""
    logs, _ = _descend(part, points, limits, ROUGH)
    if not _near(logs, limits).any():
        curvature = hessian(part, logs, limits)
        polished, done = _polish(full, logs, curvature, limits)
        if done and not _near(polished, limits).any():
            return polished, True, curvature if part is full else hessian(full, polished, limits)
    logs, done = _descend(full, [logs], limits, FINE)
    return logs, done, hessian(full, logs, limits)


def _near(logs: NDArray[np.float64], limits: NDArray[Any]) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = (logs - limits[:, 0] < NEAR) | (limits[:, 1] - logs < NEAR)
    return near


def _descend(
    function: Any, points: Sequence[NDArray[Any]], limits: NDArray[Any], until: Mapping[str, float]
) -> tuple[NDArray[np.float64], bool]:
    found = [_descend_from(function, np.clip(point, limits[:, 0], limits[:, 1]), limits, until) for point in points]
    best = min(found, key=lambda result: float(result.fun))
    logs: NDArray[np.float64] = np.clip(np.asarray(best.x, dtype=np.float64), limits[:, 0], limits[:, 1])
    return logs, bool(best.success)


def _descend_from(function: Any, point: NDArray[Any], limits: NDArray[Any], until: Mapping[str, float]) -> Any:
    """TNC first: L-BFGS-B looks less often, but it wakes the threads of its BLAS for four numbers, which costs several times the rest of a fit."""
    from scipy.optimize import minimize

    ones, zeros = np.ones(len(point)), np.zeros(len(point))
    options: dict[str, Any] = {"maxfun": 400, "scale": ones, "offset": zeros, **until}
    found = minimize(function, point, jac=True, method="TNC", bounds=limits, options=options)
    if found.success:
        return found
    options = {"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8}
    again = minimize(function, np.clip(found.x, limits[:, 0], limits[:, 1]), jac=True, method="L-BFGS-B", bounds=limits, options=options)
    return again if again.fun <= found.fun else found


def _polish(
    full: _Counted, logs: NDArray[np.float64], curvature: NDArray[np.float64], limits: NDArray[Any]
) -> tuple[NDArray[np.float64], bool]:
    """Quasi-Newton (BFGS) steps from a known curvature; not done where the curvature is no bowl or a step leads up."""
    try:
        np.linalg.cholesky(curvature)
        inverse = np.linalg.inv(curvature)
    except np.linalg.LinAlgError:
        return logs, False
    value, gradient = full(logs)
    for _turn in range(12):
        if np.max(np.abs(gradient)) < 1e-8:
            return logs, True
        step = np.clip(logs - inverse @ gradient, limits[:, 0], limits[:, 1]) - logs
        if np.max(np.abs(step)) < 1e-9:
            return logs, True
        ahead, slope = full(logs + step)
        if not ahead <= value + 1e-12 * abs(value):
            return logs, bool(np.max(np.abs(gradient)) < 1e-6)
        change = slope - gradient
        inner = float(step @ change)
        if inner > 0:
            left = np.eye(len(logs)) - np.outer(step, change) / inner
            inverse = left @ inverse @ left.T + np.outer(step, step) / inner
        logs, value, gradient = logs + step, ahead, slope
    return logs, bool(np.max(np.abs(gradient)) < 1e-6)


def hessian(function: Any, logs: NDArray[np.float64], limits: NDArray[Any]) -> NDArray[np.float64]:
    """Second derivatives from differences of the gradient, within the limits."""
    columns = []
    for place in range(len(logs)):
        ahead, behind = logs.copy(), logs.copy()
        ahead[place] = min(logs[place] + STEP, limits[place, 1])
        behind[place] = max(logs[place] - STEP, limits[place, 0])
        columns.append((function(ahead)[1] - function(behind)[1]) / (ahead[place] - behind[place]))
    matrix: NDArray[np.float64] = np.array(columns)
    symmetric: NDArray[np.float64] = (matrix + matrix.T) / 2
    return symmetric


def _standard_errors(curvature: NDArray[np.float64], free: NDArray[Any], weight: float) -> list[float | None]:
    """Standard errors of the logarithms, from the curvature of those that are not at a bound."""
    errors: list[float | None] = [None] * len(free)
    places = np.flatnonzero(free)
    try:
        np.linalg.cholesky(curvature[np.ix_(places, places)])
        variances = np.diag(np.linalg.inv(curvature[np.ix_(places, places)])) / weight
    except np.linalg.LinAlgError:
        return errors
    for place, variance in zip(places, variances, strict=True):
        if 0 < variance < 100:
            errors[place] = math.sqrt(variance)
    return errors


def _parameter(name: str, log: float, error: float | None) -> Parameter:
    value = math.exp(log)
    if error is None:
        return Parameter(name, value)
    return Parameter(name, value, value * error, value * math.exp(-Z * error), value * math.exp(Z * error))
