"""CUPED: the part of an outcome that was foreseeable before the assignment is taken out, so that the interval narrows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.experiments.lift import Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """The arms after the adjustment, in the order in which they were given."""

    samples: tuple[Sample, ...]
    coefficient: float
    """What one unit of the covariate is worth in the outcome."""
    variance_reduction: float
    """Share of the variance of the outcome within arms that the covariate takes away."""
    missing_share: float
    """Share of customers without a covariate."""


def adjust(outcomes: Sequence[NDArray[Any]], covariates: Sequence[NDArray[Any]]) -> Adjusted:
    """The arms with `y - theta (x - mean of x)` in place of `y`.

    `outcomes` and `covariates` hold one array per arm, one value per customer; a covariate that is not finite is missing: it becomes the mean
    of the others, and a flag "missing" is a second covariate. theta is the slope within arms (centred on each arm, so that the effect of the
    treatment does not leak into it). A covariate that does not vary changes nothing.
    Source: Deng, Xu, Kohavi and Walker (2013), Improving the sensitivity of online controlled experiments by utilizing pre-experiment data, WSDM.

    >>> import numpy as np
    >>> x = np.arange(10.0)
    >>> adjusted = adjust([2 * x + 1, 2 * x], [x, x])
    >>> [round(sample.mean, 6) for sample in adjusted.samples], round(adjusted.variance_reduction, 6)
    ([10.0, 9.0], 1.0)
    """
    import numpy as np

    design, missing = _design(covariates)
    sizes = [len(y) for y in outcomes]
    ends = np.cumsum(sizes)[:-1]
    parts = np.split(design, ends)
    values = [np.asarray(y, np.float64) for y in outcomes]
    centred_x = np.concatenate([part - part.mean(axis=0) if len(part) else part for part in parts])
    centred_y = np.concatenate([y - y.mean() if len(y) else y for y in values])
    theta = _slopes(centred_x, centred_y)
    residuals = centred_y - centred_x @ theta
    raw, left = float(centred_y @ centred_y), float(residuals @ residuals)
    middle = design.mean(axis=0) if len(design) else np.zeros(design.shape[1])
    samples = tuple(
        _sample(y, r, float((part.mean(axis=0) - middle) @ theta) if len(part) else 0.0)
        for y, r, part in zip(values, np.split(residuals, ends), parts, strict=True)
    )
    return Adjusted(
        samples=samples,
        coefficient=float(theta[0]),
        variance_reduction=max(0.0, 1 - left / raw) if raw > 0 else 0.0,
        missing_share=float(missing.mean()) if missing.size else 0.0,
    )


def _design(covariates: Sequence[NDArray[Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
    import numpy as np

    given = np.concatenate([np.asarray(x, np.float64) for x in covariates]) if covariates else np.zeros(0)
    missing = ~np.isfinite(given)
    known = given[~missing]
    filled = np.where(missing, known.mean() if known.size else 0.0, given)
    return np.column_stack([filled, missing.astype(np.float64)]), missing


def _slopes(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """Least squares; a column that does not vary, or repeats another, gets what the minimum norm gives it."""
    import numpy as np

    scale = np.sqrt((x * x).sum(axis=0))
    safe = np.where(scale > 0, scale, 1.0)
    slopes: NDArray[Any] = np.linalg.lstsq(x / safe, y, rcond=1e-10)[0] / safe if len(x) else np.zeros(x.shape[1])
    return np.where(scale > 0, slopes, 0.0)


def _sample(values: NDArray[Any], residuals: NDArray[Any], shift: float) -> Sample:
    n = len(values)
    if n < 2:
        return Sample.of_values(values)
    mean = float(values.mean())
    return Sample(n, mean - shift, float(residuals @ residuals) / (n - 1), base=mean)
