"""From rows to numbers: sums, quotients, medians, their intervals, and the reasons why there is none."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

Z = 1.959963984540054


class Row(NamedTuple):
    """One row behind a metric: whose it is, what it adds above and below the line, and what it is set apart for."""

    customer: str | None
    numerator: float
    denominator: float = 1
    cluster: object = None
    excluded: int = 0
    tag: object = None
    labels: dict = {}  # noqa: RUF012 - never written to


@dataclass
class Answer:
    """The figures of one window and group; `undefined` says why there is no value."""

    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    excluded: int = 0
    undefined: str | None = None
    beside: dict = field(default_factory=dict)


def undefined(reason):
    return Answer(undefined=reason)


def clusters(rows):
    """[numerator, denominator] of each customer; a row without one is a cluster of its own unless it names another."""
    sums = defaultdict(lambda: [0, 0])
    for position, row in enumerate(rows):
        key = ("customer", row.customer) if row.customer is not None else ("row", position if row.cluster is None else row.cluster)
        sums[key][0] += row.numerator
        sums[key][1] += row.denominator
    return list(sums.values())


def total(rows):
    counted = [r for r in rows if not r.excluded]
    value = sum(r.numerator for r in counted)
    return Answer(value=value, numerator=value, n=len(counted), excluded=sum(r.excluded for r in rows))


def quotient(rows, *, interval="clustered", scale=1.0):
    """Sum of numerators / sum of denominators."""
    counted = [r for r in rows if not r.excluded]
    sums = [pair for pair in clusters(counted) if pair[1] != 0]
    excluded = sum(r.excluded for r in rows)
    numerator, denominator = sum(r.numerator for r in counted), sum(r.denominator for r in counted)
    if not sums:
        return Answer(undefined="no_data", excluded=excluded)
    if denominator == 0:
        return Answer(undefined="zero_denominator", excluded=excluded)
    low, high = _interval(interval, clusters(counted), numerator, denominator)
    return Answer(
        value=scale * numerator / denominator,
        numerator=numerator,
        denominator=denominator,
        low=None if low is None else scale * low,
        high=None if high is None else scale * high,
        n=len(sums),
        excluded=excluded,
    )


def _interval(kind, sums, numerator, denominator):
    if kind == "wilson":
        return wilson(numerator, denominator)
    n = sum(1 for _, below in sums if below != 0)
    if kind != "clustered" or n < 2:
        return None, None
    ratio = numerator / denominator
    variance = n / (n - 1) * sum((above - ratio * below) ** 2 for above, below in sums) / denominator**2
    half = Z * math.sqrt(variance)
    return ratio - half, ratio + half


def wilson(successes, n):
    """The two shares p that lie exactly z standard errors sqrt(p (1 - p) / n) from the observed one: the roots of a quadratic."""
    share = successes / n
    a, b, c = 1 + Z * Z / n, -(2 * share + Z * Z / n), share * share
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    return max(0.0, (-b - root) / (2 * a)), min(1.0, (-b + root) / (2 * a))


def median(rows):
    """Median of the numerators."""
    counted = [r for r in rows if not r.excluded]
    excluded = sum(r.excluded for r in rows)
    if not counted:
        return Answer(undefined="no_data", excluded=excluded)
    return Answer(
        value=statistics.median(r.numerator for r in counted), denominator=len(counted), n=len(clusters(counted)), excluded=excluded
    )


def quartile(values, share):
    """The value at `share` of the way from the smallest to the largest, between neighbours by straight line."""
    values = sorted(values)
    place = (len(values) - 1) * share
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)
