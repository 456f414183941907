"""Contact hour: at which hour and on which weekday does a customer answer?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from ibis import _

from regulars.analyses.catalogue import refuse_below_one
from regulars.analyses.declare import declare
from regulars.analyses.results import AnalysisResult, Note, rows_table, table_of
from regulars.metrics.estimates import wilson
from regulars.relations.base import flag, in_force, on_local_days, with_customers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.relations.session import Session

SPAN = 3
"""Hours in a window of contact."""
WEIGHT = 10.0
"""As many active hours as the company's pattern stands for beside the customer's own."""
LEAST = 4
"""Active hours of a customer from which the latest can be foretold from the others."""
DIGITS = 9
"""Shares are equal when they agree so far: rounding must not decide between hours."""
TABLES = ("orders", "events", "messages")
MEANINGS = {
    "hour": "hour of the day in company time",
    "weekday": "1 is Monday, 7 is Sunday",
    "active_hours": "different hours with a kept order, a meaningful event, or a message opened or clicked by a person, over customers",
    "share": "share of all of them",
    "customer_id": "customer",
    "from_hour": "the window of 3 hours begins at this hour",
    "until_hour": "and ends before this one",
    "own_share": "share of the customer's own active hours that lie in the window",
    "company_share": "share of the company's that do",
    "weekday_own_share": "share of the customer's own active hours that lie on the weekday",
    "weekday_company_share": "share of the company's that do",
    "method": "whose window: the company's, or the customer's own shrunk to the company's pattern",
    "customers": "customers with 4 or more active hours",
    "hit_share": "share of them whose latest active hour lies in the window found from the earlier ones",
    "low": "lower limit of its 95 % interval",
    "high": "upper limit",
    "used": "whether the customers' windows are made this way",
}


@dataclass(frozen=True, slots=True)
class Slots:
    """Different hours in which customers were active, by customer, then in time: customer's number, local day and hour."""

    customer: NDArray[Any]
    day: NDArray[Any]
    hour: NDArray[Any]
    ids: list[str]

    @property
    def weekday(self) -> NDArray[Any]:
        """0 is Monday."""
        # 1970-01-01 was a Thursday.
        weekdays: NDArray[Any] = (self.day + 3) % 7
        return weekdays


@declare(
    title="Best hour to contact",
    question="At which hours and on which weekdays are customers active, each of them and all together?",
    parameters={"top": "for how many customers to give hours, the most active first"},
    needs=(),
    in_money=False,
)
def contact_hour(session: Session, *, top: int = 1000) -> AnalysisResult:
    """The 3 hours and the weekday in which most active hours lie, of the company and of each customer.

    An active hour is a local hour of a local day with at least one kept order, meaningful event, or message opened or clicked by a person. A
    customer's pattern is shrunk to the company's: (own active hours in the hour + 10 x company's share) / (own active hours + 10), weekdays likewise;
    the window is the 3 hours in a row (past midnight too) with the highest sum, of equals the earliest. Sources that carry days without a time count
    by weekday only. Check: the latest active hour of each customer with 4 or more, against the windows found from all earlier ones; customers get
    their own window only where that foretells more than the company's does.
    """
    refuse_below_one("top", top)
    if not any(session.has_rows(table) for table in TABLES):
        return AnalysisResult(
            name="contact_hour", title="Best hour to contact", tables={}, notes=(Note("no_data", {"needs": ", ".join(TABLES)}),)
        )
    timed, untimed, untimed_names = _sources(session)
    slots = _slots(timed)
    by_day = _slots([*timed, *(rows.set_column(2, "hour", pa.array([0] * len(rows), pa.int64())) for rows in untimed)])
    if not len(by_day.ids):
        return AnalysisResult(name="contact_hour", title="Best hour to contact", tables={}, notes=(Note("no_activity"),))
    weekdays = table_of(session, _shares(by_day.weekday, 7, "weekday", first=1), "Active hours by weekday", MEANINGS)
    if not len(slots.ids):
        return AnalysisResult(name="contact_hour", title="Best hour to contact", tables={"weekdays": weekdays}, notes=(Note("no_hours"),))
    notes = [Note("sources_without_time", {"sources": ", ".join(untimed_names)})] if untimed_names else []
    checked, own_wins = _check(slots)
    if not own_wins:
        notes.append(Note("company_hour"))
    company = _windows(_pattern(slots.hour, 24)[None, :])
    tables = {
        "company": table_of(session, _company(slots, by_day, company), "When customers are active", MEANINGS),
        "customers": table_of(session, _customers(slots, by_day, top, own=own_wins), "When to contact each customer", MEANINGS),
        "check": table_of(session, checked, "Latest active hours foretold from the earlier ones", MEANINGS),
        "hours": table_of(session, _shares(slots.hour, 24, "hour"), "Active hours by hour of the day", MEANINGS),
        "weekdays": weekdays,
        "grid": table_of(session, _grid(slots), "Active hours by weekday and hour", MEANINGS),
    }
    return AnalysisResult(name="contact_hour", title="Best hour to contact", tables=tables, notes=tuple(notes))


def _sources(session: Session) -> tuple[list[pa.Table], list[pa.Table], list[str]]:
    """Active hours of sources with times, of those without, and the names of the latter."""
    t: Any = session.tables()
    moments = {"orders": t.kept_orders.select("occurred_at", "customer_id")}
    events = in_force(t, "events").inner_join(t.meaningful_events, "name")
    moments["meaningful events"] = with_customers(t, events).select("occurred_at", "customer_id")
    opened = in_force(t, "messages").filter(_.step.isin(["opened", "clicked"]), ~_.machine.fill_null(False))
    moments["opened messages"] = with_customers(t, opened).select("occurred_at", "customer_id")
    timed, untimed, names = [], [], []
    for source, rows in moments.items():
        placed = on_local_days(t, rows.filter(rows.customer_id.notnull()), hour="hour", boundary="boundary")
        answer = session.run(placed.agg(timed=flag(placed.local_day != placed.boundary).max())).to_pylist()[0]["timed"]
        if answer is None:
            continue
        found = session.run(placed.select("customer_id", "local_day", "hour").distinct())
        if answer:
            timed.append(found)
        else:
            untimed.append(found)
            names.append(source)
    return timed, untimed, names


def _slots(tables: list[pa.Table]) -> Slots:
    import numpy as np
    import pyarrow.compute as pc

    schema = pa.schema({"customer_id": pa.string(), "local_day": pa.int64(), "hour": pa.int64()})
    rows = pa.concat_tables([schema.empty_table(), *(table.cast(schema) for table in tables)]).combine_chunks()
    rows = rows.group_by(["customer_id", "local_day", "hour"]).aggregate([])
    ids = rows.column("customer_id").unique().sort()
    customer = pc.index_in(rows.column("customer_id"), ids).to_numpy().astype(np.int64)
    day, hour = rows.column("local_day").to_numpy(), rows.column("hour").to_numpy()
    order = np.lexsort((hour, day, customer))
    return Slots(customer[order], day[order], hour[order], ids.to_pylist())


def _pattern(values: NDArray[Any], size: int) -> NDArray[Any]:
    import numpy as np

    counts = np.bincount(values, minlength=size).astype(np.float64)
    shares: NDArray[Any] = counts / max(1.0, counts.sum())
    return shares


def _by_customer(customer: NDArray[Any], values: NDArray[Any], customers: int, size: int) -> NDArray[Any]:
    """Counts of each value by customer."""
    import numpy as np

    counts: NDArray[Any] = np.bincount(customer * size + values, minlength=customers * size).reshape(customers, size).astype(np.float64)
    return counts


def _shrunk(counts: NDArray[Any], company: NDArray[Any]) -> NDArray[Any]:
    shares: NDArray[Any] = (counts + WEIGHT * company) / (counts.sum(axis=1, keepdims=True) + WEIGHT)
    return shares


def _in_span(shares: NDArray[Any]) -> NDArray[Any]:
    """By first hour the sum over the hours of a window, past midnight too."""
    import numpy as np

    sums: NDArray[Any] = np.sum([np.roll(shares, -step, axis=1) for step in range(SPAN)], axis=0)
    return sums


def _windows(shares: NDArray[Any]) -> NDArray[Any]:
    """The first hour of the best window of each row."""
    first: NDArray[Any] = _in_span(shares).round(DIGITS).argmax(axis=1)
    return first


def _check(slots: Slots) -> tuple[pa.Table, bool]:
    """How often the latest active hour lay in the company's window and in the customer's own, both from what was before."""
    import numpy as np

    last = np.append(slots.customer[1:] != slots.customer[:-1], True)
    counts = np.bincount(slots.customer, minlength=len(slots.ids))
    tested = last & (counts[slots.customer] >= LEAST)
    who, hour = slots.customer[tested], slots.hour[tested]
    n = len(who)
    hits = {"company": 0, "own": 0}
    if n:
        company = _pattern(slots.hour[~tested], 24)
        before = _by_customer(slots.customer[~tested], slots.hour[~tested], len(slots.ids), 24)[who]
        for method, first in (("company", _windows(company[None, :])), ("own", _windows(_shrunk(before, company)))):
            hits[method] = int(((hour - first) % 24 < SPAN).sum())
    own_wins = hits["own"] > hits["company"]
    rows = []
    for method, hit in hits.items():
        low, high = wilson(hit, n) if n else (None, None)
        used = (method == "own") == own_wins
        rows.append({"method": method, "customers": n, "hit_share": hit / n if n else None, "low": low, "high": high, "used": used})
    columns = {"method": pa.string(), "customers": pa.int64(), **dict.fromkeys(("hit_share", "low", "high"), pa.float64())}
    return rows_table(rows, columns | {"used": pa.bool_()}), own_wins


def _company(slots: Slots, by_day: Slots, first: NDArray[Any]) -> pa.Table:
    hours, weekdays = _pattern(slots.hour, 24), _pattern(by_day.weekday, 7)
    start, weekday = int(first[0]), int(weekdays.round(DIGITS).argmax())
    row = {
        "from_hour": start,
        "until_hour": (start + SPAN) % 24,
        "company_share": float(_in_span(hours[None, :])[0, start]),
        "weekday": weekday + 1,
        "weekday_company_share": float(weekdays[weekday]),
        "active_hours": len(slots.hour),
    }
    whole = dict.fromkeys(("from_hour", "until_hour", "weekday", "active_hours"), pa.int64())
    return rows_table([row], {name: whole.get(name, pa.float64()) for name in row})


def _customers(slots: Slots, by_day: Slots, top: int, *, own: bool) -> pa.Table:
    import numpy as np

    size = len(slots.ids)
    counts = _by_customer(slots.customer, slots.hour, size, 24)
    hours, weekdays = _pattern(slots.hour, 24), _pattern(by_day.weekday, 7)
    n = counts.sum(axis=1)
    chosen = np.lexsort((np.arange(size), -n))[:top]
    counts, n = counts[chosen], n[chosen]
    first = _windows(_shrunk(counts, hours) if own else np.tile(hours, (len(chosen), 1)))
    every = np.arange(len(chosen))
    place = {who: at for at, who in enumerate(by_day.ids)}
    rows_of = np.array([place[slots.ids[at]] for at in chosen], dtype=np.int64)
    by_weekday = _by_customer(by_day.customer, by_day.weekday, len(by_day.ids), 7)[rows_of]
    weekday = _shrunk(by_weekday, weekdays).round(DIGITS).argmax(axis=1)
    return pa.table(
        {
            "customer_id": pa.array([slots.ids[at] for at in chosen], pa.string()),
            "active_hours": pa.array(n.astype(np.int64)),
            "from_hour": pa.array(first.astype(np.int64)),
            "until_hour": pa.array(((first + SPAN) % 24).astype(np.int64)),
            "own_share": pa.array(_in_span(counts)[every, first] / n, pa.float64()),
            "company_share": pa.array(_in_span(hours[None, :])[0, first], pa.float64()),
            "weekday": pa.array((weekday + 1).astype(np.int64)),
            "weekday_own_share": pa.array(by_weekday[every, weekday] / by_weekday.sum(axis=1), pa.float64()),
            "weekday_company_share": pa.array(weekdays[weekday], pa.float64()),
        }
    )


def _shares(values: NDArray[Any], size: int, name: str, first: int = 0) -> pa.Table:
    import numpy as np

    counts = np.bincount(values, minlength=size)
    rows = [
        {name: place + first, "active_hours": int(count), "share": int(count) / max(1, int(counts.sum()))}
        for place, count in enumerate(counts)
    ]
    return rows_table(rows, {name: pa.int64(), "active_hours": pa.int64(), "share": pa.float64()})


def _grid(slots: Slots) -> pa.Table:
    import numpy as np

    counts = np.bincount(slots.weekday * 24 + slots.hour, minlength=168)
    rows = [{"weekday": at // 24 + 1, "hour": at % 24, "active_hours": int(count)} for at, count in enumerate(counts) if count]
    return rows_table(rows, {"weekday": pa.int64(), "hour": pa.int64(), "active_hours": pa.int64()})
