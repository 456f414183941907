"""Returned later: of the customers who fell silent in the past, how many bought again after all?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.analyses.catalogue import refuse_below_one
from regulars.analyses.declare import declare
from regulars.analyses.results import AnalysisResult, Note, rows_table, table_of
from regulars.metrics import estimates
from regulars.periods import day_number
from regulars.relations.base import flag, total

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.relations.session import Session

GROUPS = ("all", "repeat buyers", "one-time buyers")
COLUMNS = {
    "group": pa.string(),
    "lapses": pa.int64(),
    "customers": pa.int64(),
    "returned": pa.int64(),
    "share": pa.float64(),
    "low": pa.float64(),
    "high": pa.float64(),
}
MEANINGS = {
    "group": "all, or by kept orders until the customer fell silent: two or more, or one",
    "lapses": "times that a customer fell silent, early enough for the days after to be over at as-of",
    "customers": "customers behind these",
    "returned": "of these, followed by a kept order within the days after",
    "share": "returned / lapses",
    "low": "lower end of its 95 % interval, clustered by customer",
    "high": "upper end",
    "days": "days after falling silent",
}
STEP = 30


@declare(
    title="Returned later",
    question="Of the customers who fell silent in the past, what share ordered again by themselves?",
    parameters={
        "days": "days after falling silent",
        "silent_for": "days without a kept order that count as silent (default: inactive_after_days)",
    },
    in_money=False,
)
def returned_later(session: Session, *, days: int = 180, silent_for: int | None = None) -> AnalysisResult:
    """Share of lapses that were followed by a kept order within the next `days`.

    A customer lapses at day t when the last order day is t - silent_for - 1 (the first boundary at which she is no longer active); she returned
    when the next order day lies in [t, t + days). Counted are lapses with t + days not after as-of. Whether she was a repeat buyer is
    decided by her kept orders before t. `curve` gives the share that had returned after 30, 60 ... days, of the same lapses.
    """
    silence = session.settings.inactive_after_days if silent_for is None else silent_for
    refuse_below_one("days", days)
    refuse_below_one("silent_for", silence)
    lapses = _lapses(session, silence, days)
    found = {row["repeat"]: row for row in session.run(_sums(lapses, days)).to_pylist()}
    if not found:
        return AnalysisResult(
            name="returned_later",
            title="Returned later",
            tables={},
            notes=(Note("no_data", {"needs": f"orders of more than {silence + days} days"}),),
        )
    both = session.run(_sums(lapses.mutate(repeat=lapses.repeat * 0), days)).to_pylist()[0]
    rows = [_row(name, sums) for name, sums in zip(GROUPS, (both, found.get(1), found.get(0)), strict=True) if sums]
    title = f"Of those silent for {silence} days, who ordered again within {days}"
    tables = {
        "groups": table_of(session, rows_table(rows, COLUMNS), title, MEANINGS),
        "curve": table_of(session, _curve(session, lapses, days), title + ", by days", MEANINGS),
    }
    return AnalysisResult(name="returned_later", title="Returned later", tables=tables)


def _lapses(session: Session, silence: int, days: int) -> Any:
    """One row per lapse that is old enough: customer, repeat (0 or 1), days until the return (null: none yet)."""
    import ibis

    order_days = session.tables().order_days
    latest = day_number(session.as_of_day) - days - silence - 1
    until_then = ibis.cumulative_window(group_by=order_days.customer_id, order_by=order_days.local_day)
    rows = order_days.mutate(orders_so_far=order_days.orders.sum().over(until_then))
    rows = rows.mutate(gap=rows.next_day - rows.local_day)
    rows = rows.filter(rows.local_day <= latest, rows.gap.isnull() | (rows.gap > silence))
    return rows.select("customer_id", repeat=flag(rows.orders_so_far > 1), wait=rows.gap - silence - 1)


def _sums(lapses: Any, days: int) -> Any:
    each = lapses.group_by("repeat", "customer_id").agg(lapses=lapses.count().cast("int64"), returned=total(flag(lapses.wait < days)))
    below, top = each.lapses.cast("float64"), each.returned.cast("float64")
    return (
        each.group_by("repeat")
        .agg(
            customers=each.count().cast("int64"),
            lapses=total(each.lapses),
            returned=total(each.returned),
            top_squares=(top * top).sum(),
            below_squares=(below * below).sum(),
            products=(top * below).sum(),
        )
        .order_by("repeat")
    )


def _row(name: str, sums: Mapping[str, Any]) -> dict[str, Any]:
    squares = (float(sums["top_squares"]), float(sums["below_squares"]), float(sums["products"]))
    low, high = estimates.linearised(sums["customers"], float(sums["returned"]), float(sums["lapses"]), squares) or (None, None)
    return {
        "group": name,
        **{column: sums[column] for column in ("lapses", "customers", "returned")},
        "share": sums["returned"] / sums["lapses"],
        "low": None if low is None else max(0.0, low),
        "high": None if high is None else min(1.0, high),
    }


def _curve(session: Session, lapses: Any, days: int) -> pa.Table:
    ends = sorted({*range(STEP, days, STEP), days})
    within = {f"within_{end}": total(flag(lapses.wait < end)) for end in ends}
    found = session.run(lapses.group_by("repeat").agg(lapses=lapses.count().cast("int64"), **within).order_by("repeat")).to_pylist()
    parts = {"all": found, "repeat buyers": [r for r in found if r["repeat"]], "one-time buyers": [r for r in found if not r["repeat"]]}
    rows = []
    for name, own in parts.items():
        size = sum(row["lapses"] for row in own)
        for end in ends if size else []:
            returned = sum(row[f"within_{end}"] for row in own)
            rows.append({"group": name, "days": end, "lapses": size, "returned": returned, "share": returned / size})
    columns = {name: COLUMNS.get(name, pa.int64()) for name in ("group", "days", "lapses", "returned", "share")}
    return rows_table(rows, columns)
