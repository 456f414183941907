"""What the lights see of customers on a day: the facts, the season, and what accounts and people say of themselves in their traits."""

from __future__ import annotations

import contextlib
import json
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.periods import day_number
from regulars.predictions import snapshots
from regulars.predictions.churn.frames import SeasonedSnapshot, runs_at
from regulars.predictions.churn.season import same_season
from regulars.predictions.health.inputs import seen
from regulars.relations.base import in_force, with_customers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pyarrow as pa
    from numpy.typing import NDArray

    from regulars.predictions.churn import ChurnModel
    from regulars.predictions.snapshots import Snapshot
    from regulars.relations.session import Session

    Floats = NDArray[np.float64]

TRAITS = ("customer_roi", "health_rating")
"""Traits with a number: what the customer earns with us / spends with us; a rating of the account by hand, from 0 to 100."""


SEASON = "season"


def observe(session: Session, day: date, horizon_days: int) -> SeasonedSnapshot:
    """The snapshot at the beginning of `day` with three more columns: `customer_roi`, `health_rating` and `members` (of accounts), empty where not known."""
    import pyarrow as pa

    taken = snapshots.take(session, day)
    file = session.scratch / f"health-{day}-{horizon_days}.arrow"
    if not file.exists():
        with contextlib.ExitStack() as opened:
            own = session if day == session.as_of_day else opened.enter_context(session.earlier(day - timedelta(days=1)))
            more = _beside(own, taken, horizon_days)
        with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, more.schema) as writer:
            writer.write_table(more)
    more = pa.ipc.open_file(pa.memory_map(str(file))).read_all()
    table, season = taken.facts, None
    for name in more.schema.names:
        if name == SEASON:
            season = more.column(name).to_numpy()
        else:
            table = table.append_column(name, more.column(name))
    return SeasonedSnapshot(taken.day, table, season)


def _beside(session: Session, taken: Snapshot, horizon_days: int) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = taken.facts.column("customer_id")
    season = None if session.by_cancellation else same_season(session, ids, horizon_days)
    known = _traits(session)
    place = pc.index_in(ids, value_set=pa.array(list(known), pa.string())).combine_chunks()
    columns = {name: pa.array([said.get(name) for said in known.values()], pa.float64()).take(place) for name in (*TRAITS, "members")}
    return pa.table(columns if season is None else {**columns, SEASON: pa.array(season)})


def _traits(session: Session) -> dict[str, dict[str, float]]:
    """Customer -> numbers that traits and lists of members tell; later rows overrule earlier ones, value by value."""
    found: dict[str, dict[str, float]] = {}
    t: Any = session.tables()
    for name in ("customers", "accounts"):
        if not session.has_rows(name):
            continue
        rows = with_customers(t, in_force(t, name))
        rows = rows.filter(rows.customer_id.notnull())
        says = rows.traits.contains(TRAITS[0]) | rows.traits.contains(TRAITS[1])
        columns = ["customer_id", "occurred_at", "row_key", "traits"]
        if name == "accounts":
            rows = rows.filter(says | rows.members.notnull())
            columns.append("members")
        else:
            rows = rows.filter(says)
        answer = session.run(rows.select(*columns)).to_pylist()
        for row in sorted(answer, key=lambda r: (r["occurred_at"], r["row_key"])):
            found.setdefault(row["customer_id"], {}).update(_numbers(row))
    return found


def _numbers(row: Mapping[str, Any]) -> dict[str, float]:
    traits = _plain(row.get("traits"))
    said = {name: _number(traits.get(name)) for name in TRAITS} if isinstance(traits, dict) else {}
    members = _plain(row.get("members"))
    if isinstance(members, list):
        said["members"] = float(len(set(map(str, members))))
    return {name: value for name, value in said.items() if value is not None}


def _plain(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def risks_of(model: ChurnModel, snapshot: Snapshot) -> Floats:
    """The risk of each row of the snapshot, NaN for those whom the model is not about."""
    out: Floats = np.where(model.applies(snapshot), model.risk(snapshot), np.nan)
    return out


def left_after(session: Session, snapshot: Snapshot, horizon_days: int, *, known_by: date | None = None) -> Floats:
    """1 for those of the snapshot who left, 0 for those who stayed, NaN where that was not known at the beginning of `known_by` (default: the session's day).

    It is what the churn risk is the probability of. By inactivity: no kept order or meaningful event on a day in `[day, day + horizon)`. By cancellation:
    no running subscription on the day after the end of the current term and the grace, or, without a term, `horizon_days` after the snapshot.
    """
    ids = snapshot.facts.column("customer_id")
    source = seen(snapshot)
    settled = np.full(source.n, source.day + horizon_days, dtype=np.int64)
    stayed: NDArray[np.bool_]
    if session.by_cancellation:
        ahead = -source.days_since("next_term_end_on") + session.settings.renewal_grace_days + 1
        settled = source.day + np.maximum(np.nan_to_num(ahead, nan=horizon_days), 1.0).astype(np.int64)
        stayed = runs_at(session, ids, settled)
    else:
        stayed = snapshots.came_back(session, ids, snapshot.day, horizon_days)
    known = settled <= day_number(known_by or session.as_of_day)
    return np.where(known, (~stayed).astype(np.float64), np.nan)
