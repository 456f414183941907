"""Seasons: who ordered at this time last year, and who orders at the same time each year and never between."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from ibis import _

from regulars.periods import day_number, day_of
from regulars.results import TableResult

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from regulars.relations.session import Session

    Floats = NDArray[np.float64]

YEAR = 365
LEAST_HISTORY = 396
"""Thirteen months: before that, last year's season is not in the data."""
SEASON = 90
"""The longest season in days: a quarter of a year."""
EITHER_WAY = 45
"""By how many days a season may begin earlier or later than a year after the one before."""


def same_season(session: Session, customers: pa.Array | pa.ChunkedArray, horizon_days: int) -> Floats | None:
    """1 for each of `customers` with a kept order on a day in `[day - 365, day - 365 + horizon)`, 0 for others; None before 13 months of data.

    `day` is the session's own day, so that the window is the one before which a model stands, a year ago.
    """
    import pyarrow.compute as pc

    if (session.as_of_day - session.history_start).days < LEAST_HISTORY:
        return None
    days = session.table("order_days")
    start = day_number(session.as_of_day) - YEAR
    inside = days.filter(days.local_day >= start, days.local_day < start + min(horizon_days, YEAR), days.customer_id.notnull())
    found = session.run(inside.select("customer_id").distinct()).column("customer_id").combine_chunks()
    out: Floats = pc.is_in(customers, value_set=found).to_numpy(zero_copy_only=False).astype(np.float64)
    return out


def seasonal_buyers(session: Session) -> TableResult:
    """Seasonal buyers: customers who order in the same season each year and are silent between.

    Order days at most 90 days apart are one season. A seasonal buyer has two or more seasons; each lasts at most 90 days; each begins 320 to 410
    days after the one before, so that none was left out; and at most 410 days have passed since the latest began. Columns: `customer_id`,
    `seasons` (how many), `season_from_on` and `season_until_on` (first and latest order day of the latest season), `next_season_on` (a year
    after the latest season began). Empty where the data are younger than that takes.
    """
    import pyarrow as pa

    days = session.table("order_days").filter(_.customer_id.notnull())
    spans = days.group_by("customer_id").agg(first=_.local_day.min(), last=_.local_day.max())
    far = spans.filter(spans["last"] - spans["first"] >= YEAR - EITHER_WAY).select("customer_id")
    rows = session.run(days.semi_join(far, "customer_id").select("customer_id", "local_day").order_by("customer_id", "local_day"))
    ids = rows.column("customer_id").combine_chunks().cast(pa.string())
    found = _seasonal(ids.dictionary_encode().indices.to_numpy(), rows.column("local_day").to_numpy(), day_number(session.as_of_day))
    first, until, seasons, place = found
    table = pa.table(
        {
            "customer_id": ids.take(pa.array(place)),
            "seasons": pa.array(seasons, pa.int64()),
            "season_from_on": pa.array([day_of(int(d)) for d in first], pa.date32()),
            "season_until_on": pa.array([day_of(int(d)) for d in until], pa.date32()),
            "next_season_on": pa.array([day_of(int(d)) + timedelta(days=YEAR) for d in first], pa.date32()),
        }
    )
    meanings = {
        "customer_id": "the customer",
        "seasons": "seasons with an order, one a year",
        "season_from_on": "first order day of the latest season",
        "season_until_on": "latest order day of the latest season",
        "next_season_on": "a year after the latest season began",
    }
    return TableResult(table=table, title="Seasonal buyers", as_of=session.as_of, meanings=meanings)


def _seasonal(who: NDArray[np.int64], day: NDArray[np.int64], today: int) -> tuple[NDArray[np.int64], ...]:
    """First and last day of the latest season, number of seasons, and a row of each seasonal buyer; rows are in order of customer and day."""
    if not len(who):
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing, nothing
    new = np.concatenate(([True], (who[1:] != who[:-1]) | (np.diff(day) > SEASON)))
    begins = np.flatnonzero(new)
    ends = np.append(begins[1:], len(who)) - 1
    owner, first, until = who[begins], day[begins], day[ends]
    same = np.concatenate(([False], owner[1:] == owner[:-1]))
    apart = np.diff(first, prepend=first[0])
    fits = (until - first <= SEASON) & (~same | (np.abs(apart - YEAR) <= EITHER_WAY))
    heads = np.flatnonzero(~same)
    tails = np.append(heads[1:], len(owner)) - 1
    seasons = tails - heads + 1
    good = np.logical_and.reduceat(fits, heads) & (seasons >= 2) & (today - first[tails] <= YEAR + EITHER_WAY)
    return first[tails][good], until[tails][good], seasons[good], begins[tails][good]
