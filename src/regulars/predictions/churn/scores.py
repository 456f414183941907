"""Scores of probabilities against what happened: ranking, calibration, lift, and whether one model is really better than another.

`left` is 1 (or True) for a customer who left and 0 for one who stayed; `risk` is the probability given beforehand. Nothing here depends on the
order of the rows: customers with the same risk share their outcomes equally where a boundary between bins cuts through them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.metrics.estimates import Undefined, Z

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

BINS = 10
RESAMPLES = 2000
MOST_RESAMPLED = 30_000
"""Above so many customers the bootstrap of a mean and its normal interval are the same to the digits shown, and only one of them is quick."""
CHUNK = 2_000_000
LEAST_PROBABILITY = 1e-15


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of one set of probabilities: `n` customers of whom `leavers` left."""

    n: int
    leavers: int
    mean_risk: float
    auc: float | Undefined
    brier: float
    ece: float
    log_loss: float

    @property
    def base_rate(self) -> float:
        """Share of customers who left."""
        return self.leavers / self.n

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; an undefined AUC is None."""
        auc_value = None if isinstance(self.auc, Undefined) else self.auc
        plain = {"n": self.n, "leavers": self.leavers, "mean_risk": self.mean_risk, "auc": auc_value}
        return {**plain, "brier": self.brier, "ece": self.ece, "log_loss": self.log_loss}


@dataclass(frozen=True, slots=True)
class Gain:
    """A mean difference with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the interval lies above zero."""
        return self.low > 0.0


def score(left: ArrayLike, risk: ArrayLike) -> Scores | Undefined:
    """All scores together; Undefined without customers.

    >>> both = score([1, 0, 1, 0], [0.9, 0.2, 0.6, 0.7])
    >>> both.auc, round(both.brier, 3)
    (0.75, 0.175)
    """
    y, p = _pair(left, risk)
    if not len(y):
        return Undefined("no_data")
    return Scores(
        n=len(y),
        leavers=round(float(y.sum())),
        mean_risk=float(p.mean()),
        auc=auc(y, p),
        brier=float(np.mean(squared(y, p))),
        ece=_bins(y, p, BINS).ece,
        log_loss=_log_loss(y, p),
    )


def auc(left: ArrayLike, risk: ArrayLike) -> float | Undefined:
    """Probability that a customer who left had the higher risk than one who stayed, ties counted half; Undefined unless both happened.

    Mann and Whitney's U divided by leavers x stayers, from mean ranks; Hanley and McNeil (1982), Radiology 143.

    >>> auc([1, 0, 1, 0], [0.9, 0.2, 0.6, 0.6])
    0.875
    """
    y, p = _pair(left, risk)
    if not len(y):
        return Undefined("no_data")
    leavers = y.sum()
    stayers = len(y) - leavers
    if leavers == 0 or stayers == 0:
        return Undefined("one_outcome")
    _, place, counts = np.unique(p, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    rank = (last - (counts - 1) / 2.0)[place]
    return float((rank[y == 1].sum() - leavers * (leavers + 1) / 2.0) / (leavers * stayers))


def brier(left: ArrayLike, risk: ArrayLike) -> float | Undefined:
    """Mean of (risk - outcome)^2, 0 is best; Brier (1950), Monthly Weather Review 78.

    >>> brier([1, 0], [0.5, 0.5])
    0.25
    """
    y, p = _pair(left, risk)
    return float(np.mean((p - y) ** 2)) if len(y) else Undefined("no_data")


def log_loss(left: ArrayLike, risk: ArrayLike) -> float | Undefined:
    """Mean of -log(probability given to what happened), in nats; probabilities are kept 1e-15 away from 0 and 1.

    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)
    0.6931
    """
    y, p = _pair(left, risk)
    return _log_loss(y, p) if len(y) else Undefined("no_data")


@dataclass(frozen=True, slots=True)
class Reliability:
    """Bins of equally many customers, the lowest risk first: how many, the mean risk said, and the share that left."""

    n: Floats
    mean_risk: Floats
    left_share: Floats

    @property
    def ece(self) -> float:
        """Expected calibration error: mean of |mean risk - share that left| over the bins, weighted by customers."""
        return float(np.sum(self.n * np.abs(self.mean_risk - self.left_share)) / np.sum(self.n))


def reliability(left: ArrayLike, risk: ArrayLike, bins: int = BINS) -> Reliability | Undefined:
    """The reliability diagram as a table: `bins` bins of equally many customers (fewer where there are fewer customers).

    >>> reliability([0, 0, 1, 1], [0.1, 0.3, 0.7, 0.9], bins=2).left_share.tolist()
    [0.0, 1.0]
    """
    y, p = _pair(left, risk)
    return _bins(y, p, bins) if len(y) else Undefined("no_data")


def ece(left: ArrayLike, risk: ArrayLike, bins: int = BINS) -> float | Undefined:
    """Expected calibration error over bins of equally many customers; Naeini et al. (2015), AAAI.

    >>> round(ece([0, 0, 1, 1], [0.1, 0.3, 0.7, 0.9], bins=2), 3)
    0.2
    """
    table = reliability(left, risk, bins)
    return table if isinstance(table, Undefined) else table.ece


@dataclass(frozen=True, slots=True)
class Deciles:
    """Tenths of the customers, the highest risk first.

    `lift` is the share that left / the share over all. `captured` is the share of all leavers in this tenth and those before it, and
    `captured_value` the share of the leavers' value; both NaN-free: zeros where nobody left or nothing was worth anything.
    """

    n: Floats
    mean_risk: Floats
    left_share: Floats
    lift: Floats
    captured: Floats
    captured_value: Floats


def deciles(left: ArrayLike, risk: ArrayLike, value: ArrayLike | None = None, parts: int = BINS) -> Deciles | Undefined:
    """Lift and captured leavers (and their `value`, if given; else each counts 1) by tenth of the risk.

    >>> halves = deciles([1, 1, 0, 1], [0.9, 0.8, 0.2, 0.1], parts=2)
    >>> halves.captured.round(3).tolist()
    [0.667, 1.0]
    """
    y, p = _pair(left, risk)
    if not len(y):
        return Undefined("no_data")
    worth = np.ones(len(y)) if value is None else np.maximum(np.asarray(value, dtype=np.float64), 0.0)
    order, shared = _shared_by_ties(-p, y)
    _, lost = _shared_by_ties(-p, y * worth)
    edges = _edges(len(y), parts)
    n = np.diff(edges).astype(np.float64)
    gone, gone_value = np.add.reduceat(shared, edges[:-1]), np.add.reduceat(lost, edges[:-1])
    share = gone / n
    base = y.mean()
    return Deciles(
        n=n,
        mean_risk=np.add.reduceat(p[order], edges[:-1]) / n,
        left_share=share,
        lift=share / base if base > 0 else np.zeros(len(n)),
        captured=_running_share(gone),
        captured_value=_running_share(gone_value),
    )


def squared(left: ArrayLike, risk: ArrayLike) -> Floats:
    """Each customer's part of the Brier score."""
    y, p = _pair(left, risk)
    out: Floats = (p - y) ** 2
    return out


def paired_bootstrap(reference: ArrayLike, model: ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0) -> Gain | Undefined:
    """How much lower `model`'s mean loss is than `reference`'s over the same customers, with the 95 % percentile interval of a bootstrap.

    Customers are drawn with their pair of losses. Above 30,000 customers the normal interval mean +- 1.96 sd / sqrt(n) takes its place.

    >>> paired_bootstrap([0.3, 0.2, 0.4], [0.1, 0.0, 0.2]).low > 0
    True
    """
    pair = {"reference": np.asarray(reference, dtype=np.float64), "model": np.asarray(model, dtype=np.float64)}
    return gains(pair, "reference", resamples=resamples, seed=seed)["model"]


def gains(losses: Mapping[str, Floats], reference: str, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Gain | Undefined]:
    """`paired_bootstrap` of every model but the reference, all on the same draws."""
    others = [name for name in losses if name != reference]
    n = len(losses[reference])
    if not n:
        return dict.fromkeys(others, Undefined("no_data"))
    differences = np.column_stack([losses[reference] - losses[name] for name in others])
    values = differences.mean(axis=0)
    if n > MOST_RESAMPLED:
        half = Z * differences.std(axis=0, ddof=1) / n**0.5
        low, high = values - half, values + half
    else:
        low, high = np.quantile(resampled_means(differences, resamples=resamples, seed=seed), (0.025, 0.975), axis=0)
    return {name: Gain(float(values[i]), float(low[i]), float(high[i])) for i, name in enumerate(others)}


def resampled_means(values: Floats, *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """Means of the columns over `resamples` samples of the rows, drawn with replacement: one row for each sample."""
    chance = np.random.default_rng(seed)
    n = len(values)
    at_once = max(1, min(CHUNK // n, resamples))
    means = np.empty((resamples, values.shape[1]))
    for start in range(0, resamples, at_once):
        rows = min(at_once, resamples - start)
        drawn = chance.integers(0, n, size=(rows, n), dtype=np.int32)
        times = np.stack([np.bincount(row, minlength=n) for row in drawn])
        means[start : start + rows] = times @ values / n
    return means


def _pair(left: ArrayLike, risk: ArrayLike) -> tuple[Floats, Floats]:
    y, p = np.asarray(left, dtype=np.float64), np.asarray(risk, dtype=np.float64)
    assert y.shape == p.shape
    assert np.isfinite(p).all()
    return y, p


def _log_loss(y: Floats, p: Floats) -> float:
    given = np.clip(np.where(y == 1, p, 1.0 - p), LEAST_PROBABILITY, 1.0)
    return float(-np.mean(np.log(given)))


def _bins(y: Floats, p: Floats, bins: int) -> Reliability:
    order, shared = _shared_by_ties(p, y)
    edges = _edges(len(y), bins)
    n = np.diff(edges).astype(np.float64)
    return Reliability(n, np.add.reduceat(p[order], edges[:-1]) / n, np.add.reduceat(shared, edges[:-1]) / n)


def _shared_by_ties(key: Floats, amount: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The order by `key`, and the amounts in that order, each replaced by the mean over rows with the same key."""
    order = np.argsort(key, kind="stable")
    sorted_key = key[order]
    first = np.flatnonzero(np.concatenate(([True], sorted_key[1:] != sorted_key[:-1])))
    counts = np.diff(np.append(first, len(key)))
    return order, np.repeat(np.add.reduceat(amount[order], first) / counts, counts)


def _edges(n: int, bins: int) -> NDArray[np.int64]:
    return np.linspace(0, n, min(bins, n) + 1).round().astype(np.int64)


def _running_share(amounts: Floats) -> Floats:
    whole = amounts.sum()
    out: Floats = np.cumsum(amounts) / whole if whole > 0 else np.zeros(len(amounts))
    return out
