"""Movements: who came, came back and went, so that opening and closing counts add up?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from ibis import _

from regulars.analyses.catalogue import refuse_unless
from regulars.analyses.cohorts import ageing_notes
from regulars.analyses.declare import declare
from regulars.analyses.results import AnalysisResult, Note, rows_table, table_of
from regulars.periods import Grain, day
from regulars.relations.base import flag, total

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from regulars.periods import Window
    from regulars.relations.session import Session

_WINDOW = {"window_start": pa.date32(), "window_end": pa.date32(), "complete": pa.bool_(), "enough_history": pa.bool_()}
CUSTOMERS = ("opening", "new", "back", "lapsed", "closing", "joined_and_left")
MRR = ("opening_minor", "new_minor", "reactivated_minor", "expansion_minor", "contraction_minor", "churned_minor", "closing_minor")
MEANINGS = {
    "complete": "the window had ended at as-of",
    "enough_history": "the data reach back far enough before the window for customers to have lapsed",
    "opening": "customers active at the window's start",
    "new": "active for the first time inside the window, and active at its end",
    "back": "not active at the start, active some time before it, and active at the end",
    "lapsed": "active at the start and not at the end",
    "closing": "customers active at the end: opening + new + back - lapsed",
    "joined_and_left": "became active inside the window and were not active at its end; in none of the other columns",
    "opening_minor": "MRR at the window's start",
    "new_minor": "MRR of customers who pay for the first time",
    "reactivated_minor": "MRR of customers who did not pay at the start and had paid before",
    "expansion_minor": "what customers who paid at the start pay more at the end",
    "contraction_minor": "what they pay less, without those who pay nothing",
    "churned_minor": "MRR at the start of customers who pay nothing at the end",
    "closing_minor": "MRR at the end: opening + new + reactivated + expansion - contraction - churned",
}


@declare(
    title="Movements",
    question="How many customers were active, came, came back and lapsed in each window?",
    parameters={"by": "day, week, month, quarter or year", "start": "first day", "end": "first day that does not count"},
    needs=(),
    in_money=False,
)
def movements(session: Session, *, by: str = "month", start: date | str | None = None, end: date | str | None = None) -> AnalysisResult:
    """Per window: opening + new + back - lapsed = closing; and the same for MRR where there are subscriptions.

    A customer is new whose first day of activity (by cancellation: whose first running subscription) lies in the window, and back who was active
    some time before the window but not at its start. For MRR the unit is the customer with an MRR above zero.
    """
    refuse_unless(by in tuple(Grain), "by", by, ", ".join(Grain))
    windows = session.windows(day(start), day(end), by)
    session.use_windows(windows)
    counts = session.run(_customers(session)).to_pylist()
    tables = {"customers": table_of(session, _by_window(session, windows, counts, CUSTOMERS), f"Active customers by {by}", MEANINGS)}
    if session.has_rows("subscriptions"):
        session.require_one_currency("movements")
        amounts = session.run(_mrr(session)).to_pylist()
        tables["mrr"] = table_of(session, _by_window(session, windows, amounts, MRR), f"Monthly recurring revenue by {by}", MEANINGS)
    return AnalysisResult(name="movements", title="Movements", tables=tables, notes=tuple(_notes(session, windows)))


def _customers(session: Session) -> Any:
    t = session.tables()
    first = t.spells.group_by("customer_id").agg(first_boundary=_.from_day.min()).rename(starter="customer_id")
    edges = t.active_at_edges.inner_join(t.windows.select("window_id", "start_day"), "window_id")
    edges = edges.inner_join(first, edges.customer_id == first.starter)
    joins = (_.at_start == 0) & (_.at_end == 1)
    edges = edges.mutate(
        new=flag(joins & (_.first_boundary > _.start_day)),
        back=flag(joins & (_.first_boundary <= _.start_day)),
        lapsed=flag((_.at_start == 1) & (_.at_end == 0)),
    )
    edges = edges.select(
        "window_id", "new", "back", "lapsed", opening=edges.at_start, closing=edges.at_end, joined_and_left=flag(edges.window_id < 0)
    )
    passed = t.joined_and_left
    nobody = {name: flag(passed.window_id < 0) for name in ("new", "back", "lapsed", "opening", "closing")}
    both = edges.union(passed.select("window_id", **nobody, joined_and_left=flag(passed.window_id >= 0)))
    return both.group_by("window_id").agg(**{name: total(both[name]) for name in CUSTOMERS})


def _mrr(session: Session) -> Any:
    t = session.tables()
    paying = t.subscription_states.filter(_.running == 1, _.mrr_minor > 0, _.first_boundary <= _.last_boundary)
    first = paying.group_by("customer_id").agg(first_boundary=_.first_boundary.min()).rename(payer="customer_id")
    edges = t.mrr_at_edges.inner_join(t.windows.select("window_id", "start_day"), "window_id")
    edges = edges.inner_join(first, edges.customer_id == first.payer)
    before, after = edges.start_minor, edges.end_minor
    joins = (before == 0) & (after > 0)
    parts = {
        "opening_minor": before,
        "new_minor": (joins & (edges.first_boundary > edges.start_day)).ifelse(after, 0),
        "reactivated_minor": (joins & (edges.first_boundary <= edges.start_day)).ifelse(after, 0),
        "expansion_minor": ((before > 0) & (after > before)).ifelse(after - before, 0),
        "contraction_minor": ((after > 0) & (after < before)).ifelse(before - after, 0),
        "churned_minor": ((before > 0) & (after == 0)).ifelse(before, 0),
        "closing_minor": after,
    }
    return edges.group_by("window_id").agg(**{name: total(part) for name, part in parts.items()})


def _by_window(session: Session, windows: Sequence[Window], found: Sequence[dict[str, Any]], names: Sequence[str]) -> pa.Table:
    by_id = {row["window_id"]: row for row in found}
    rows = []
    for i, window in enumerate(windows):
        sums = by_id.get(i, {})
        rows.append(
            {
                "window_start": window.start,
                "window_end": window.end,
                "complete": session.complete(window),
                "enough_history": session.by_cancellation or session.enough_history(window),
                **{name: sums.get(name, 0) for name in names},
            }
        )
    return rows_table(rows, {**_WINDOW, **dict.fromkeys(names, pa.int64())})


def _notes(session: Session, windows: Sequence[Window]) -> list[Note]:
    notes = ageing_notes(session) if session.has_rows("orders") else []
    early = [] if session.by_cancellation else [w for w in windows if not session.enough_history(w)]
    if early:
        notes.append(Note("history_too_short", {"windows": len(early), "days": session.settings.inactive_after_days}))
    if any(not session.complete(w) for w in windows):
        notes.append(Note("partial_window"))
    return notes
