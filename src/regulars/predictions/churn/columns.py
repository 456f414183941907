"""Columns of a snapshot's facts as float64 arrays: an empty field is NaN, a date the days from it to the snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.periods import day_number

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Columns:
    """Facts of some customers at the beginning of `day`; `season` is 1 for those who ordered in the same season last year, None where unknown."""

    def __init__(self, facts: pa.Table, day: date, season: Floats | None = None) -> None:
        self.facts = facts
        self.day = day_number(day)
        self._season = season

    @property
    def n(self) -> int:
        """How many customers."""
        return int(self.facts.num_rows)

    def number(self, name: str) -> Floats:
        """A column as it is."""
        import pyarrow as pa

        column = self.facts.column(name)
        if pa.types.is_date(column.type):
            column = column.cast(pa.int32())
        out: Floats = column.cast(pa.float64()).to_numpy().astype(np.float64, copy=False)
        return out

    def days_since(self, name: str) -> Floats:
        """Days from the date in a column to the snapshot; negative for a date to come."""
        return self.day - self.number(name)

    def log(self, name: str) -> Floats:
        """The logarithm of 1 + amount, amounts below 0 counted as 0."""
        return log_of(self.number(name))

    def season(self) -> Floats:
        """1 for an order in the same season last year, 0 for none, NaN where that is not known."""
        return np.full(self.n, np.nan) if self._season is None else self._season


def log_of(amount: Floats) -> Floats:
    """The logarithm of 1 + amount, amounts below 0 counted as 0."""
    out: Floats = np.log1p(np.maximum(amount, 0.0))
    return out


if TYPE_CHECKING:
    Reading = Callable[[Columns], Floats]
