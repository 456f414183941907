"""Buyers for the measurement of value models: BG/NBD and Gamma-Gamma with CDNOW's published parameters, on whole days, 30 to 730 days old."""

from __future__ import annotations

from typing import Any

import numpy as np

SIZE = 250_000
"""Buyers made at once, so that making them takes little memory."""

R, ALPHA, A, B = 0.243, 4.414 * 7, 0.793, 2.426
P, Q, GAMMA = 6.25, 3.74, 1544.0


def buyers(count: int) -> tuple[Any, Any, Any, Any]:
    """Frequency, recency and age in days (int32), mean value of repeat order days; the same at every call."""
    frequency, recency, age = (np.zeros(count, dtype=np.int32) for _ in range(3))
    value = np.zeros(count)
    for start in range(0, count, SIZE):
        rows = slice(start, min(start + SIZE, count))
        frequency[rows], recency[rows], age[rows], value[rows] = _some(rows.stop - start, np.random.default_rng([7, start]))
    return frequency, recency, age, value


def _some(count: int, random: np.random.Generator) -> tuple[Any, Any, Any, Any]:
    age = random.integers(30, 731, count)
    rate, dropping = random.gamma(R, 1 / ALPHA, count), random.beta(A, B, count)
    time, last, frequency = np.zeros(count), np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    on = np.flatnonzero(rate > 1e-9)
    while len(on):
        time[on] += random.exponential(1, len(on)) / rate[on]
        on = on[time[on] < age[on]]
        day = np.floor(time[on]).astype(np.int64)
        new = day > last[on]
        frequency[on] += new
        last[on] = np.maximum(day, last[on])
        on = on[random.random(len(on)) >= dropping[on]]
    spread = random.gamma(Q, 1 / GAMMA, count)
    mean = random.gamma(np.maximum(P * frequency, 1e-9)) / np.maximum(frequency, 1) / spread
    return frequency, last, age, np.where(frequency > 0, np.maximum(mean, 0.01), 0.0)
