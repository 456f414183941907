"""Seasonality: in which months, on which weekdays, at which hours are orders placed?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from ibis import _

from regulars.analyses.declare import declare
from regulars.analyses.results import AnalysisResult, Note, rows_table, table_of
from regulars.periods import day_number, day_of
from regulars.relations.base import flag, on_local_days, total

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from regulars.relations.session import Session

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIGURES = {
    "days": pa.int64(),
    "orders": pa.int64(),
    "value_minor": pa.int64(),
    "orders_per_day": pa.float64(),
    "value_per_day_minor": pa.float64(),
    "order_share": pa.float64(),
}
MEANINGS = {
    "month": "month of the year, 1 to 12, in company time",
    "weekday": "1 is Monday, 7 is Sunday",
    "hour": "hour of the day in company time",
    "days": "complete local days of this kind from the first day with data to as-of",
    "orders": "kept orders on them",
    "value_minor": "their net value",
    "orders_per_day": "orders / days",
    "value_per_day_minor": "net value / days",
    "order_share": "share of all these orders",
}


@declare(title="Seasonality", question="In which months, on which weekdays and at which hours do customers buy?")
def seasonality(session: Session) -> AnalysisResult:
    """Kept orders and their net value by month of the year, weekday and hour, each over the number of such complete days.

    Hours are left out where every order carries midnight: such a file holds days without times.
    """
    first, after = day_number(session.history_start), day_number(session.as_of_day)
    by_day = session.run(_by(session, "local_day")).to_pylist()
    sums = {row["local_day"]: (row["orders"], row["value_minor"]) for row in by_day}
    days = range(first, after)
    tables = {
        "weekdays": table_of(session, _folded(days, sums, "weekday", range(1, 8), _weekday), "Orders by weekday", MEANINGS),
        "months": table_of(session, _folded(days, sums, "month", range(1, 13), _month), "Orders by month of the year", MEANINGS),
    }
    notes = [] if len(days) >= 365 else [Note("less_than_a_year", {"days": len(days)})]
    if _has_times(session):
        by_hour = {row["local_hour"]: (row["orders"], row["value_minor"]) for row in session.run(_by(session, "local_hour")).to_pylist()}
        rows = [
            _row("hour", hour, len(days), by_hour.get(hour, (0, 0)), sum(orders for orders, _minor in by_hour.values()))
            for hour in range(24)
        ]
        tables["hours"] = table_of(session, rows_table(rows, {"hour": pa.int64(), **FIGURES}), "Orders by hour", MEANINGS)
    else:
        notes.append(Note("no_hours"))
    return AnalysisResult(name="seasonality", title="Seasonality", tables=tables, notes=tuple(notes))


def _by(session: Session, column: str) -> Any:
    kept = session.tables().kept_orders.filter(_.local_day < day_number(session.as_of_day))
    return kept.group_by(column).agg(orders=kept.count().cast("int64"), value_minor=total(kept.net_minor)).order_by(column)


def _has_times(session: Session) -> bool:
    t: Any = session.tables()
    timed = on_local_days(t, t.kept_orders.select("occurred_at"), day="on_day", boundary="boundary")
    answer = session.run(timed.agg(timed=flag(timed.on_day != timed.boundary).max())).to_pylist()
    return bool(answer[0]["timed"])


def _weekday(day: int) -> int:
    return day_of(day).isoweekday()


def _month(day: int) -> int:
    return day_of(day).month


def _folded(
    days: Iterable[int], sums: Mapping[int, tuple[int, int]], name: str, kinds: Iterable[int], kind_of: Callable[[int], int]
) -> pa.Table:
    counted = {kind: [0, 0, 0] for kind in kinds}
    for day in days:
        orders, minor = sums.get(day, (0, 0))
        own = counted[kind_of(day)]
        own[0] += 1
        own[1] += orders
        own[2] += minor
    everything = sum(own[1] for own in counted.values())
    rows = [_row(name, kind, own[0], (own[1], own[2]), everything) for kind, own in counted.items()]
    return rows_table(rows, {name: pa.int64(), **FIGURES})


def _row(name: str, kind: int, days: int, sums: tuple[int, int], everything: int) -> dict[str, Any]:
    orders, minor = sums
    return {
        name: kind,
        "days": days,
        "orders": orders,
        "value_minor": minor,
        "orders_per_day": orders / days if days else None,
        "value_per_day_minor": minor / days if days else None,
        "order_share": orders / everything if everything else None,
    }
