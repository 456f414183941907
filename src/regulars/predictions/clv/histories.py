"""What a value model knows of each buyer: how often, until when, since when, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.errors import HistoriesRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike, NDArray

CHUNK = 32_768
"""Rows worked on at once: what is computed for them stays in the cache of a core."""

CELLS = 1 << 22
"""Largest table over order days and age."""

LONGEST = 146_100
"""Four hundred years in days."""

LARGEST = 1e18
"""Largest mean value: what an integer of minor units holds."""


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """One entry per buyer; whole days; transactions are order days.

    - `frequency`: order days after the first, x
    - `recency_days`: last less first order day, t; 0 where x = 0
    - `age_days`: as-of day less first order day, T
    - `mean_value`: mean net value of the order days after the first, in minor units; 0 where x = 0

    `HistoriesRefused` where the lengths differ, a number is negative or not whole, or t > T, or t > 0 differs from x > 0.

    >>> Histories([2, 0], [30, 0], [39, 39], [1250.0, 0.0]).buyers
    2
    """

    frequency: NDArray[Any]
    recency_days: NDArray[Any]
    age_days: NDArray[Any]
    mean_value: NDArray[Any]

    def __init__(self, frequency: ArrayLike, recency_days: ArrayLike, age_days: ArrayLike, mean_value: ArrayLike) -> None:
        days = {"frequency": frequency, "recency_days": recency_days, "age_days": age_days}
        for name, values in days.items():
            object.__setattr__(self, name, _whole(name, values))
        value = np.asarray(mean_value)
        object.__setattr__(self, "mean_value", value if value.dtype in {np.dtype("f4"), np.dtype("f8")} else value.astype(np.float64))
        self._check()

    def _check(self) -> None:
        x, recency, age, value = self.frequency, self.recency_days, self.age_days, self.mean_value
        sizes = {part.shape for part in (x, recency, age, value)}
        if len(sizes) > 1 or x.ndim != 1:
            raise HistoriesRefused(f"shapes {sorted(sizes)}", expected="four arrays with one entry per buyer")
        wrong = {
            "recency after the as-of day": recency > age,
            "a recency without a repeat order, or a repeat order without one": (recency > 0) != (x > 0),
            "a mean value that is not a number of minor units": ~(np.abs(value) <= LARGEST),
        }
        for what, rows in wrong.items():
            if rows.any():
                first = int(np.argmax(rows))
                raise HistoriesRefused(
                    f"{what}: entry {first} has x = {x[first]}, t = {recency[first]}, T = {age[first]}, value {value[first]}",
                    expected="t between 0 and T, t above 0 exactly where x is, and a value within 1e18",
                    remedy="count order days, not orders: two orders of one day are one transaction",
                )

    @property
    def buyers(self) -> int:
        """The number of entries."""
        return len(self.frequency)

    def chunks(self) -> Iterator[slice]:
        """Consecutive slices that cover all entries."""
        for start in range(0, self.buyers, CHUNK):
            yield slice(start, min(start + CHUNK, self.buyers))


def _whole(name: str, values: ArrayLike) -> NDArray[Any]:
    given = np.asarray(values)
    if given.dtype.kind in "iu":
        whole = given if given.dtype in {np.dtype("i4"), np.dtype("i8")} else given.astype(np.int64)
    else:
        decimal = given.astype(np.float64)
        if not np.all(np.isfinite(decimal)) or not np.all(decimal == np.floor(decimal)):
            raise HistoriesRefused(f"{name} holds a number that is not whole", expected="whole days", remedy="take local day numbers")
        whole = decimal.astype(np.int64)
    if whole.size and whole.min() < 0:
        raise HistoriesRefused(f"{name} is {whole.min()} at entry {int(np.argmin(whole))}", expected="0 or more")
    if name == "age_days" and whole.size and whole.max() > LONGEST:
        raise HistoriesRefused(f"age_days is {whole.max()}", expected=f"at most {LONGEST:,} days", remedy="give days, not seconds")
    return whole


def dot(left: NDArray[Any], right: NDArray[Any]) -> float:
    """Sum of products, on one thread: a BLAS would share out each short sum, wait for its threads longer than it adds, and add in another order."""
    return float(np.einsum("i,i->", left, right))


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Unique (x, t, T) with the number of buyers who have it."""

    frequency: NDArray[np.float64]
    recency: NDArray[np.float64]
    age: NDArray[np.float64]
    weight: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.weight)

    def taken(self, rows: NDArray[Any]) -> Rows:
        """Some of the rows, in the order of `rows`."""
        return Rows(self.frequency[rows], self.recency[rows], self.age[rows], self.weight[rows])


def collapse(histories: Histories) -> Rows:
    """The unique rows of `histories`; they are far fewer, for a day has no parts.

    >>> collapse(Histories([0, 0, 1], [0, 0, 5], [9, 9, 9], [0, 0, 1])).weight.tolist()
    [2.0, 1.0]
    """
    if not histories.buyers:
        nothing = np.zeros(0)
        return Rows(nothing, nothing, nothing, nothing)
    x, recency, age = histories.frequency, histories.recency_days, histories.age_days
    often, days = int(x.max()) + 1, int(age.max()) + 1
    never = np.bincount(age[x == 0], minlength=1)
    alone = np.flatnonzero(never)
    again = np.flatnonzero(x > 0)
    if often * days * days < 2**62:
        key = x[again].astype(np.int64)
        key *= days
        key += recency[again]
        key *= days
        key += age[again]
        unique, count = np.unique(key, return_counts=True)
        rest, last = np.divmod(unique, days)
        parts = (rest // days, rest % days, last, count)
    else:
        whole, count = np.unique(np.stack([x[again], recency[again], age[again]]), axis=1, return_counts=True)
        parts = (whole[0], whole[1], whole[2], count)
    nothing = np.zeros(len(alone))
    ahead = (nothing, nothing, alone, never[alone])
    return Rows(*(np.concatenate([a, b]).astype(np.float64) for a, b in zip(ahead, parts, strict=True)))


class OverPairs:
    """A function of (x, T), worked out once for each pair that occurs and looked up for every buyer."""

    def __init__(
        self,
        histories: Histories,
        function: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    ) -> None:
        self._histories, self._function = histories, function
        x, age = histories.frequency, histories.age_days
        self._days = int(age.max()) + 1 if histories.buyers else 1
        self._often = min(int(x.max()) + 1 if histories.buyers else 1, max(1, CELLS // self._days))
        present = np.zeros(self._often * self._days, dtype=bool)
        for rows in histories.chunks():
            present[self._cells(rows)] = True
        cells = np.flatnonzero(present)
        self._table = np.zeros(len(present))
        for start in range(0, len(cells), CHUNK):
            some = cells[start : start + CHUNK]
            self._table[some] = function((some // self._days).astype(np.float64), (some % self._days).astype(np.float64))

    def _cells(self, rows: slice) -> NDArray[np.int64]:
        x = np.minimum(self._histories.frequency[rows].astype(np.int64), self._often - 1)
        age = np.minimum(self._histories.age_days[rows], self._days - 1)
        cells: NDArray[np.int64] = x * self._days + age
        return cells

    def __call__(self, rows: slice) -> NDArray[np.float64]:
        found = self._table[self._cells(rows)]
        x = self._histories.frequency[rows]
        rare = np.flatnonzero(x >= self._often)
        if len(rare):
            age = self._histories.age_days[rows]
            found[rare] = self._function(x[rare].astype(np.float64), age[rare].astype(np.float64))
        return found
