"""The company's year: busy months and quiet ones, and customers who buy in their season only."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from regulars.synthetic.rows import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regulars.synthetic.stories import Company

OUT_OF_SEASON = 0.01
"""How busy a month outside their season is for seasonal buyers, before the months are brought to a mean of 1."""


class Seasons:
    """Turns business time, in which everything flows evenly, into the calendar's and back; both in microseconds from the company's start.

    A pace of one order per 100 days stays one per 100 days over a year, and is more in a busy month.
    """

    def __init__(self, company: Company, factors: Sequence[float]) -> None:
        days = [company.first_day + timedelta(days=day) for day in range(company.days)]
        weights = np.asarray(factors, dtype=np.float64) / np.mean(factors)
        pace = weights[[day.month - 1 for day in days]]
        self._calendar = np.arange(company.days + 1) * float(DAY)
        self._business = np.concatenate([[0.0], np.cumsum(pace) * DAY])

    @property
    def length(self) -> float:
        """Business time of the whole history."""
        return float(self._business[-1])

    def business(self, calendar: NDArray[np.float64]) -> NDArray[np.float64]:
        """Business time at a calendar time inside the history."""
        business: NDArray[np.float64] = np.interp(calendar, self._calendar, self._business)
        return business

    def calendar(self, business: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calendar time at a business time; infinite after the history."""
        inside = np.interp(business, self._business, self._calendar)
        return np.where(business < self.length, inside, np.inf)


def seasons_of(company: Company) -> tuple[Seasons, Seasons]:
    """The year of everybody, and that of seasonal buyers."""
    even = (1.0,) * 12
    if company.kind != "shop":
        return Seasons(company, even), Seasons(company, even)
    factors = company.shop.month_factors
    season = tuple(factor if month + 1 in company.shop.seasonal_months else OUT_OF_SEASON for month, factor in enumerate(factors))
    return Seasons(company, factors), Seasons(company, season)
