"""Retention value: what are a few points of retention worth here in a year?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.analyses.declare import declare
from regulars.analyses.margin import margin
from regulars.analyses.results import AnalysisResult, Note, rows_table, table_of
from regulars.metrics import estimates
from regulars.periods import Window
from regulars.relations.base import total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.relations.session import Session

POINTS = (1, 2, 5)
WINDOW_DAYS = 30
LOOK_BACK = 3
AHEAD = 12
COLUMNS = {"points": pa.int64(), "low_minor": pa.float64(), "mid_minor": pa.float64(), "high_minor": pa.float64()}
INPUTS = {
    "input": pa.string(),
    "value": pa.float64(),
    "low": pa.float64(),
    "high": pa.float64(),
    "numerator": pa.float64(),
    "denominator": pa.float64(),
}
MEANINGS = {
    "points": "percentage points by which 30-day retention would be higher",
    "mid_minor": "what that is worth over the next 12 windows of 30 days, from the customers who are active now",
    "low_minor": "lowest worth over the ends of both intervals",
    "high_minor": "highest worth over the ends of both intervals",
    "input": "active_customers; retention per 30 days; value (minor units) per kept customer and 30 days; margin",
    "value": "what was measured",
    "low": "lower end of its 95 % interval",
    "high": "upper end",
    "numerator": "kept customers; or net value of kept orders, in minor units",
    "denominator": "customers at start, over the windows; or kept customers",
}


@declare(
    title="What retention is worth", question="What are 1, 2 and 5 points of monthly retention worth a year, from this company's own data?"
)
def retention_value(session: Session) -> AnalysisResult:
    """Worth of x points of 30-day retention over the next 12 windows of 30 days, as a range.

    A customers are active at as-of. Over the last three complete windows of 30 days, r = kept / customers at start (summed over the windows), and v =
    net value of the kept orders that these customers placed in the windows / kept (times the margin where it is known), so that A x r x v
    is what a window brings from customers it began with. Expected value of the customers active now: A v sum(r^t, t = 1..12). Worth of x
    points: the same with min(1, r + x / 100), less the same with r. The range is the lowest and the highest worth over the ends of the Wilson
    interval of r and of the interval of v, linearised and clustered by customer.
    """
    windows = _windows(session)
    earned = margin(session)
    session.use_windows(windows)
    enough = [i for i, window in enumerate(windows) if session.by_cancellation or session.enough_history(window)]
    sums = session.run(_sums(session, enough)).to_pylist()[0]
    active = _active_now(session, windows)
    span = Note("windows", {"start": str(windows[0].start), "end": str(windows[-1].end), "days": WINDOW_DAYS})
    if not enough:
        note = Note("history_too_short", {"windows": len(windows), "days": session.settings.inactive_after_days})
        return AnalysisResult(name="retention_value", title="What retention is worth", tables={}, notes=(note, span))
    if not sums["kept"] or not active:
        return AnalysisResult(
            name="retention_value", title="What retention is worth", tables={}, notes=(Note("no_data", {"needs": "active customers"}), span)
        )
    found = _measured(sums, active, earned.rate)
    rows = [{"points": points, **_worth(found, points)} for points in POINTS]
    tables = {
        "worth": table_of(session, rows_table(rows, COLUMNS), "What points of 30-day retention are worth in a year", MEANINGS),
        "inputs": table_of(session, rows_table(_inputs(found, sums, earned.rate), INPUTS), "What it is reckoned from", MEANINGS),
    }
    notes = (span, earned.note, Note("lapsed_count_as_gone"), *([Note("few_active", {"least": 30})] if active < 30 else []))
    return AnalysisResult(name="retention_value", title="What retention is worth", tables=tables, notes=notes)


@dataclass(frozen=True, slots=True)
class Measured:
    """What the worth follows from; intervals as (low, high)."""

    active: int
    retention: float
    retention_range: tuple[float, float]
    value: float
    value_range: tuple[float, float]


def _windows(session: Session) -> tuple[Window, ...]:
    step = timedelta(days=WINDOW_DAYS)
    starts = [session.as_of_day - step * back for back in range(LOOK_BACK, 0, -1)]
    return tuple(Window(start, start + step) for start in starts)


def _sums(session: Session, enough: Sequence[int]) -> Any:
    """One row: customers at start, kept, their net value, and the sums of squares by customer that the interval of v needs."""
    import ibis

    t = session.tables()
    edges = t.active_at_edges.filter((t.active_at_edges.at_start == 1) & t.active_at_edges.window_id.isin(list(enough) or [-1]))
    days = t.order_days.inner_join(t.window_days, "local_day")
    spent = (
        days.group_by("window_id", "customer_id")
        .agg(net_minor=total(days.net_minor))
        .rename(spent_window="window_id", spender="customer_id")
    )
    joined = edges.left_join(spent, [edges.window_id == spent.spent_window, edges.customer_id == spent.spender])
    joined = joined.mutate(value=joined.net_minor.fill_null(ibis.literal(0, "int64")))
    each = joined.group_by("customer_id").agg(at_start=total(joined.at_start), kept=total(joined.at_end), value=total(joined.value))
    top, below = each.value.cast("float64"), each.kept.cast("float64")
    return each.agg(
        at_start=total(each.at_start).fill_null(0),
        kept=total(each.kept).fill_null(0),
        value_minor=total(each.value).fill_null(0),
        customers=each.count().cast("int64"),
        top_squares=(top * top).sum(),
        below_squares=(below * below).sum(),
        products=(top * below).sum(),
    )


def _active_now(session: Session, windows: Sequence[Window]) -> int:
    edges = session.tables().active_at_edges
    last = edges.filter(edges.window_id == len(windows) - 1, edges.at_end == 1)
    return int(session.run(last.agg(active=last.count().cast("int64"))).to_pylist()[0]["active"])


def _measured(sums: Mapping[str, Any], active: int, margin_rate: float) -> Measured:
    kept, at_start, minor = float(sums["kept"]), float(sums["at_start"]), float(sums["value_minor"])
    squares = (float(sums["top_squares"]), float(sums["below_squares"]), float(sums["products"]))
    low, high = estimates.linearised(int(sums["customers"]), minor, kept, squares) or (minor / kept, minor / kept)
    return Measured(
        active=active,
        retention=kept / at_start,
        retention_range=estimates.wilson(kept, at_start),
        value=minor / kept * margin_rate,
        value_range=(max(0.0, low) * margin_rate, high * margin_rate),
    )


def gain(active: int, retention: float, value: float, points: float) -> float:
    """Worth of `points` percentage points of retention per window over 12 windows.

    >>> round(gain(1000, 0.5, 10.0, 0.0), 2), round(gain(1, 0.0, 1.0, 50.0), 4)
    (0.0, 0.9998)
    """
    raised = min(1.0, retention + points / 100)
    return active * value * sum(raised**t - retention**t for t in range(1, AHEAD + 1))


def _worth(found: Measured, points: int) -> dict[str, float]:
    ends = [gain(found.active, r, v, points) for r in (found.retention, *found.retention_range) for v in (found.value, *found.value_range)]
    return {"low_minor": min(ends), "mid_minor": ends[0], "high_minor": max(ends)}


def _inputs(found: Measured, sums: Mapping[str, Any], margin_rate: float) -> list[dict[str, Any]]:
    return [
        {"input": "active_customers", "value": float(found.active)},
        {
            "input": "retention",
            "value": found.retention,
            "low": found.retention_range[0],
            "high": found.retention_range[1],
            "numerator": float(sums["kept"]),
            "denominator": float(sums["at_start"]),
        },
        {
            "input": "value",
            "value": found.value,
            "low": found.value_range[0],
            "high": found.value_range[1],
            "numerator": float(sums["value_minor"]),
            "denominator": float(sums["kept"]),
        },
        {"input": "margin", "value": margin_rate},
    ]
