"""What a model learns from: the features of everybody whom the question concerns at a snapshot, and what happened to them afterwards."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.periods import day_number
from regulars.predictions import snapshots
from regulars.predictions.churn.columns import Columns
from regulars.predictions.churn.features import BY_CANCELLATION, BY_INACTIVITY
from regulars.predictions.churn.season import LEAST_HISTORY, same_season
from regulars.predictions.snapshots import Snapshot, came_back

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

    from regulars.relations.session import Session

    Floats = NDArray[np.float64]

MOST_ROWS = 40_000
"""Above so many customers at a snapshot, so many drawn at random are learned from."""


@dataclass(frozen=True, slots=True)
class SeasonedSnapshot(Snapshot):
    """A snapshot that also knows who ordered in the same season last year (None before 13 months of data)."""

    season: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One snapshot, ready to learn from: one entry per customer concerned.

    `left` is 1 for those who left, `settled` the first local day on which that is known, `worth` what they had been spending in a year (minor
    units), `active` whether they were active. `customers` counts all concerned, of whom some may not have been drawn.
    """

    day: date
    columns: Mapping[str, Floats]
    left: Floats
    settled: NDArray[np.int64]
    active: NDArray[np.bool_]
    worth: Floats
    history_days: int
    customers: int

    @property
    def n(self) -> int:
        """Entries."""
        return len(self.left)

    def read(self, name: str) -> Floats:
        """A feature by name, NaN where it is missing."""
        return self.columns[name]

    def rows(self, wanted: NDArray[Any]) -> Frame:
        """Some of the entries."""
        return replace(
            self,
            columns={name: values[wanted] for name, values in self.columns.items()},
            left=self.left[wanted],
            settled=self.settled[wanted],
            active=self.active[wanted],
            worth=self.worth[wanted],
        )

    def known_at(self, day: date) -> Frame:
        """The entries whose outcome was known at the beginning of `day`."""
        known = self.settled <= day_number(day)
        return self if known.all() else self.rows(known)


def take(session: Session, day: date, horizon_days: int) -> SeasonedSnapshot:
    """The facts at the beginning of `day`, with the season; the session keeps both for whoever asks for the day again."""
    taken = snapshots.take(session, day)
    return SeasonedSnapshot(taken.day, taken.facts, _season(session, taken, horizon_days))


def _season(session: Session, taken: Snapshot, horizon_days: int) -> Floats | None:
    if session.by_cancellation or (taken.day - session.history_start).days < LEAST_HISTORY:
        return None
    file = session.scratch / f"season-{taken.day}-{horizon_days}.npy"
    if not file.exists():
        with contextlib.ExitStack() as opened:
            # A date as as-of is the end of that day.
            last = taken.day - timedelta(days=1)
            seen = session if taken.day == session.as_of_day else opened.enter_context(session.earlier(last))
            season = same_season(seen, taken.facts.column("customer_id"), horizon_days)
        if season is None:
            return None
        np.save(file, season)
    out: Floats = np.load(file)
    return out


def concerned(snapshot: Snapshot, by_cancellation: bool) -> NDArray[np.bool_]:
    """Whom the risk is about: customers who were ever active (by orders or meaningful events), or whose subscription runs."""
    if by_cancellation:
        running: NDArray[np.bool_] = snapshot.facts.column("subscriptions").fill_null(0).to_numpy() > 0
        return running
    return np.asarray(snapshot.facts.column("last_active_on").is_valid().to_numpy(), dtype=bool)


def columns_of(snapshot: Snapshot, mask: NDArray[np.bool_]) -> Columns:
    """The columns of numbers and dates of the customers in `mask`."""
    import pyarrow as pa

    season = getattr(snapshot, "season", None)
    table = snapshot.facts.select([f.name for f in snapshot.facts.schema if not pa.types.is_string(f.type)])
    if mask.all():
        return Columns(table, snapshot.day, season)
    return Columns(table.filter(pa.array(mask)), snapshot.day, None if season is None else season[mask])


def frame(session: Session, snapshot: Snapshot, horizon_days: int, *, by_cancellation: bool, seed: int = 0) -> Frame:
    """The frame of a snapshot; `session` knows what happened afterwards."""
    import pyarrow as pa

    mask = concerned(snapshot, by_cancellation)
    customers = int(mask.sum())
    if customers > MOST_ROWS:
        drawn = np.random.default_rng(seed).choice(np.flatnonzero(mask), MOST_ROWS, replace=False)
        mask = np.zeros(len(mask), dtype=bool)
        mask[drawn] = True
    source = columns_of(snapshot, mask)
    ids = snapshot.facts.column("customer_id").filter(pa.array(mask))
    if by_cancellation:
        settled = _renewal(source, horizon_days, session.settings.renewal_grace_days)
        left = ~runs_at(session, ids, settled)
        worth = 12.0 * source.number("mrr_minor")
    else:
        settled = np.full(source.n, source.day + horizon_days, dtype=np.int64)
        left = ~came_back(session, ids, snapshot.day, horizon_days)
        worth = source.number("net_365d_minor")
    features = BY_CANCELLATION if by_cancellation else BY_INACTIVITY
    columns = {f.name: f.of(source) for f in features}
    if not by_cancellation:
        columns |= histories(source)
    return Frame(
        day=snapshot.day,
        columns=columns,
        left=left.astype(np.float64),
        settled=settled,
        active=source.number("active") == 1.0,
        worth=np.nan_to_num(worth),
        history_days=(snapshot.day - session.history_start).days,
        customers=customers,
    )


def histories(source: Columns) -> dict[str, Floats]:
    """What the value model needs: order days after the first, and days from the first to the last and to the snapshot; NaN without an order."""
    age, since = source.number("tenure_days"), source.number("days_since_order")
    return {"frequency": np.where(np.isnan(age), np.nan, source.number("gaps")), "recency_days": age - since, "age_days": age}


def _renewal(source: Columns, horizon_days: int, grace_days: int) -> NDArray[np.int64]:
    """The day on which it shows whether the customer stayed: the end of the term, the grace and a day after it, or the horizon without a term."""
    until_end = -source.days_since("next_term_end_on")
    ahead = np.where(np.isnan(until_end), horizon_days, until_end + grace_days + 1)
    out: NDArray[np.int64] = source.day + np.maximum(np.nan_to_num(ahead, nan=horizon_days), 1.0).astype(np.int64)
    return out


def runs_at(session: Session, customers: Any, day: NDArray[np.int64]) -> NDArray[np.bool_]:
    """For each of `customers`, whether a subscription of theirs runs at the beginning of their own local day `day`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    runs = np.zeros(len(day), dtype=bool)
    if not len(day):
        return runs
    spells = session.table("spells")
    rows = session.run(spells.filter(spells.until_day >= int(day.min()), spells.from_day <= int(day.max())))
    place = pc.index_in(rows.column("customer_id").cast(pa.string()), value_set=customers.combine_chunks().cast(pa.string()))
    where = place.fill_null(-1).to_numpy().astype(np.int64)
    wanted = day[where]
    inside = (where >= 0) & (rows.column("from_day").to_numpy() <= wanted) & (rows.column("until_day").to_numpy() >= wanted)
    runs[where[inside]] = True
    return runs
