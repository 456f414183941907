"""As-of snapshots: the facts as they were known on earlier days, and what happened in the days after.

A model learns from snapshots and is judged on a later one. Features are the facts as of the snapshot, so nothing later flows in; labels come
from the session itself, in the window `[day, day + horizon)`.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from regulars.facts import facts, groups
from regulars.periods import day_number
from regulars.relations.base import total

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from regulars.relations.session import Session


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Facts at the beginning of the local day `day`: one row per customer known before it, in the order of customer_id."""

    day: date
    facts: pa.Table


def model_groups() -> tuple[str, ...]:
    """The groups of facts that models may see: all but predictions themselves, and the products, which cost the most and say the least."""
    return tuple(name for name, group in groups().items() if "predictions" not in group.needs and name != "products")


def take(session: Session, day: date, only: Collection[str] | None = None) -> Snapshot:
    """The facts of `model_groups` at the beginning of `day`, which is at or before the session's own day; `only` names fewer groups.

    The session keeps it in a file, from which it is read by whoever asks for the day again: training, lights and audits look at the same days.
    """
    import pyarrow as pa

    unknown = sorted(set(only or ()) - set(model_groups()))
    if unknown:
        raise ValueError(f"models do not see {', '.join(unknown)}")
    file = session.scratch / f"facts-{day}.arrow"
    if not file.exists():
        with contextlib.ExitStack() as opened:
            # A date as as-of is the end of that day.
            seen = session if day == session.as_of_day else opened.enter_context(session.earlier(day - timedelta(days=1)))
            rows = facts(seen, model_groups()).to_arrow()
        with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
            writer.write_table(rows)
    return Snapshot(day, pa.ipc.open_file(pa.memory_map(str(file))).read_all())


def spaced_days(session: Session, horizon_days: int, *, most: int = 6, history_days: int | None = None) -> list[date]:
    """Days for snapshots whose outcome is known, at least a horizon apart, the earliest first.

    The latest is a horizon before the session's day; each has at least `history_days` (default: one horizon) of data before it.
    """
    first = session.history_start + timedelta(days=horizon_days if history_days is None else history_days)
    step = timedelta(days=horizon_days)
    days = [session.as_of_day - step * k for k in range(1, most + 1)]
    return sorted(day for day in days if day >= first)


def came_back(session: Session, customers: pa.Array | pa.ChunkedArray, day: date, horizon_days: int) -> NDArray[Any]:
    """For each of `customers`, whether a kept order or meaningful event of theirs lies on a day in `[day, day + horizon_days)`."""
    import pyarrow.compute as pc

    days = session.table("active_days")
    start = day_number(day)
    inside = days.filter(days.local_day >= start, days.local_day < start + horizon_days)
    back = session.run(inside.select("customer_id").distinct()).column("customer_id")
    found: NDArray[Any] = pc.is_in(customers, value_set=back.combine_chunks()).to_numpy(zero_copy_only=False)
    return found


def ordered(session: Session, customers: pa.Array | pa.ChunkedArray, day: date, horizon_days: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """For each of `customers`, the number of order days in `[day, day + horizon_days)` and the net value of their kept orders (minor units)."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    days = session.table("order_days")
    start = day_number(day)
    inside = days.filter(days.local_day >= start, days.local_day < start + horizon_days, days.customer_id.notnull())
    rows = session.run(inside.group_by("customer_id").agg(order_days=inside.count().cast("int64"), net_minor=total(inside.net_minor)))
    place = pc.index_in(customers, value_set=rows.column("customer_id").combine_chunks().cast(pa.string()))
    where = place.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    counts, net = (np.append(rows.column(name).to_numpy(), 0) for name in ("order_days", "net_minor"))
    return counts[where], net[where]


def outcomes(session: Session, days: Sequence[date], horizon_days: int) -> bool:
    """Whether the horizon after each of `days` lies before the session's day."""
    return all(day + timedelta(days=horizon_days) <= session.as_of_day for day in days)
