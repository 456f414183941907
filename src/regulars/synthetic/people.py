"""Who the customers are: when they came, through which channel, how fast they buy, how easily they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.synthetic.rows import chosen, named, table
from regulars.synthetic.seasons import seasons_of
from regulars.synthetic.stories import CHANNELS

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from regulars.synthetic.stories import Company

COUNTRIES = ("DE", "FR", "GB", "NL", "US")


class People:
    """The customers `first` to `first + count` and what is hidden in them; `joined` is an instant, `rate` is per day of business time."""

    def __init__(self, company: Company, first: int, count: int) -> None:
        random = company.random("people", first)
        self.company, self.first = company, first
        self.number = np.arange(first, first + count)
        self.ids = named("c", self.number)
        self.channels = company.shop.channels if company.kind == "shop" else CHANNELS
        share = np.array([channel.share for channel in self.channels])
        self.country = random.choice(len(COUNTRIES), count, p=(0.4, 0.2, 0.2, 0.1, 0.1))
        self.channel = random.choice(share.size, count, p=share / share.sum())
        self.rate = random.gamma(company.rate_shape, 1 / company.rate_scale_days, count)
        self.dropout = np.maximum(random.beta(company.dropout_a, company.dropout_b, count), 1e-6)
        p, q, gamma = company.gamma_gamma
        self.mean_value = p * gamma / random.gamma(q, 1, count)
        self.seasonal = np.zeros(count, dtype=bool)
        if company.kind == "shop":
            self.rate *= np.array([channel.rate_factor for channel in self.channels])[self.channel]
            self.mean_value *= np.array([channel.value_factor for channel in self.channels])[self.channel]
            self.seasonal = random.random(count) < company.shop.seasonal_share
        self._seasons = seasons_of(company)
        came = random.random(count)
        self.came_business = came * np.where(self.seasonal, self._seasons[1].length, self._seasons[0].length)
        self.joined = company.start + self.calendar(self.came_business, np.arange(count)).astype(np.int64)

    def calendar(self, business: NDArray[np.float64], who: NDArray[np.int64]) -> NDArray[np.float64]:
        """Microseconds from the company's start at the business times of the customers `who`; infinite after the history."""
        everybody, seasonal = self._seasons
        times = everybody.calendar(business)
        special = np.flatnonzero(self.seasonal[who])
        times[special] = seasonal.calendar(business[special])
        return times

    def rows(self) -> pa.Table:
        return table(
            "customers",
            {
                "occurred_at": self.joined,
                "row_key": self.ids,
                "identity_id": self.ids,
                "country": chosen(COUNTRIES, self.country),
                "acquisition_channel": chosen([channel.name for channel in self.channels], self.channel),
            },
        )
