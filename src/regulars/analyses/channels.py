"""Channels: which bring customers that are worth more than they cost?"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from ibis import _

from regulars import money
from regulars.analyses.declare import declare
from regulars.analyses.margin import Margin, margin
from regulars.analyses.results import AnalysisResult, Note, rows_table, table_of
from regulars.metrics import estimates
from regulars.periods import day, day_number
from regulars.relations.base import total

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from regulars.periods import Window
    from regulars.relations.session import Session

UNKNOWN = "(unknown)"
FEW = 30
COLUMNS = {
    "channel": pa.string(),
    "new_customers": pa.int64(),
    "clv_minor": pa.float64(),
    "clv_low_minor": pa.float64(),
    "clv_high_minor": pa.float64(),
    "cost_minor": pa.float64(),
    "cac_minor": pa.float64(),
    "ratio": pa.float64(),
    "return": pa.float64(),
    "suggestion": pa.string(),
}
MEANINGS = {
    "channel": "acquisition channel",
    "new_customers": "customers whose first kept order lies in the window",
    "clv_minor": "their mean value until as-of: net value of kept orders, unlinked returns subtracted",
    "clv_low_minor": "lower end of its 95 % interval",
    "clv_high_minor": "upper end",
    "cost_minor": "acquisition cost of the channel in the window, spread over the days of each cost's period; without costs of goods",
    "cac_minor": "cost / new customers",
    "ratio": "mean value x margin / cost per new customer",
    "return": "(value of the new customers x margin - cost) / cost",
    "suggestion": "grow: even the low end of the ratio is 3 or more; cut: even the high end is below 2; hold: between; too_few: under 30 customers",
}


@declare(
    title="Channels",
    question="What do customers of each acquisition channel cost, and what are they worth?",
    parameters={"start": "first day", "end": "first day that does not count"},
)
def channels(session: Session, *, start: date | str | None = None, end: date | str | None = None) -> AnalysisResult:
    """Per acquisition channel: new customers of the window, their mean value until as-of, what they cost, and what follows.

    A cost counts with the part of its days that lies in the window and before as-of. Value is earned over years and cost at once: young
    customers look dearer than they are. The suggestion uses the bands of CLV to CAC (below 2, 3 and above) on the ends of the interval, and
    is given only where margin is known.
    """
    window = session.windows(day(start), day(end))[0]
    earned = margin(session)
    costs, unnamed = _costs(session, window)
    customers = {row["channel"]: row for row in session.run(_new_customers(session, window)).to_pylist()}
    names = sorted({*customers, *costs}, key=lambda name: (name == UNKNOWN, name))
    rows = [_row(name, customers.get(name), costs.get(name), earned) for name in names]
    notes = [earned.note]
    if not costs:
        notes.append(Note("no_costs"))
    if unnamed and session.currency:
        notes.append(Note("cost_without_channel", {"amount": money.show(unnamed, session.currency)}))
    few = sum(1 for row in rows if 0 < row["new_customers"] < FEW)
    if few:
        notes.append(Note("small_groups", {"groups": few, "least": FEW}))
    table = table_of(session, rows_table(rows, COLUMNS), "Value and cost of new customers by acquisition channel", MEANINGS)
    return AnalysisResult(name="channels", title="Channels", tables={"channels": table}, notes=tuple(notes))


def _new_customers(session: Session, window: Window) -> Any:
    t = session.tables()
    came = t.buyers.filter(_.first_day >= day_number(window.start), _.first_day < day_number(window.end))
    known = t.customer_attributes.select(member="customer_id", channel="acquisition_channel")
    rows = came.left_join(known, came.customer_id == known.member)
    value = rows.value_minor.cast("float64")
    grouped = rows.mutate(channel=rows.channel.fill_null(UNKNOWN), value=value, square=value * value).group_by("channel")
    return grouped.agg(new_customers=_.count().cast("int64"), value_minor=total(_.value_minor), squares=_.square.sum()).order_by("channel")


def _costs(session: Session, window: Window) -> tuple[dict[str, float], float]:
    """Acquisition cost by channel in minor units, and the part that names no channel."""
    t = session.tables()
    rows = t.cost_rows.filter(_.purpose == "acquisition", _.kind != "goods").select("channel", "first_day", "end_day", "amount_minor")
    first, last = day_number(window.start), day_number(min(window.end, session.as_of_day))
    sums: dict[str, float] = defaultdict(float)
    unnamed = 0.0
    for row in session.run(rows.order_by("channel", "first_day", "end_day", "amount_minor")).to_pylist():
        days = min(row["end_day"], last) - max(row["first_day"], first)
        part = row["amount_minor"] * days / (row["end_day"] - row["first_day"]) if days > 0 else 0.0
        if row["channel"] is None:
            unnamed += part
        else:
            sums[row["channel"]] += part
    return dict(sums), unnamed


def _row(name: str, came: Mapping[str, Any] | None, cost: float | None, earned: Margin) -> dict[str, Any]:
    row: dict[str, Any] = {"channel": name, "new_customers": came["new_customers"] if came else 0, "cost_minor": cost}
    if came:
        n, value = int(came["new_customers"]), float(came["value_minor"])
        ends = estimates.linearised(n, value, float(n), (float(came["squares"]), float(n), value)) or (None, None)
        row |= {"clv_minor": value / n, "clv_low_minor": ends[0], "clv_high_minor": ends[1]}
        if cost:
            row |= {"cac_minor": cost / n, "ratio": value * earned.rate / cost, "return": (value * earned.rate - cost) / cost}
    row["suggestion"] = _suggestion(row, earned)
    return row


def _suggestion(row: Mapping[str, Any], earned: Margin) -> str | None:
    if not row["cost_minor"] or not earned.is_known:
        return None
    if row["new_customers"] < FEW:
        return "too_few"
    low, high = (row[end] * earned.rate / row["cac_minor"] for end in ("clv_low_minor", "clv_high_minor"))
    return "grow" if low >= 3 else "cut" if high < 2 else "hold"
