"""Cohorts: what became of the customers who first bought in the same month?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars import metrics, money
from regulars.analyses.catalogue import refuse_below_one, refuse_unless
from regulars.analyses.declare import declare
from regulars.analyses.margin import Margin, margin
from regulars.analyses.results import AnalysisResult, Note, rows_table, table_of
from regulars.periods import Grain, Window, day_number, day_of, window_around
from regulars.relations.base import total

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from regulars.relations.session import Session

VALUE_DAYS = (30, 90, 365)
GRAINS = ("week", "month", "quarter", "year")

CELLS = {
    "cohort": pa.string(),
    "customers": pa.int64(),
    "k": pa.int64(),
    "active": pa.int64(),
    "orders": pa.int64(),
    "revenue_minor": pa.int64(),
    "cumulative_minor": pa.int64(),
}
SIZES = {
    "cohort": pa.string(),
    "starts_on": pa.date32(),
    "customers": pa.int64(),
    **{f"value_{days}_minor": pa.float64() for days in VALUE_DAYS},
    **{f"margin_{days}_minor": pa.float64() for days in VALUE_DAYS},
    "cac_minor": pa.float64(),
    "payback_month": pa.int64(),
}
MEANINGS = {
    "cohort": "period of the first kept order",
    "customers": "customers of the cohort",
    "k": "cell of customer age, from 0: days from k x unit_days up to (k + 1) x unit_days after the first order day",
    "active": "customers with a kept order in the cell",
    "orders": "kept orders in the cell",
    "revenue_minor": "net value of these orders",
    "cumulative_minor": "net value of the cells 0 to k",
    "starts_on": "first day of the cohort's period",
    "value_30_minor": "net value per customer in the first 30 days; empty until all of the cohort are that old",
    "value_90_minor": "the same, 90 days",
    "value_365_minor": "the same, 365 days",
    "cac_minor": "acquisition cost per new customer of the cohort's period",
    "payback_month": "first month of age (30 days, from 1) whose cumulative margin per customer reaches the acquisition cost",
}


@declare(
    title="Cohorts",
    question="Of the customers who first bought in the same period, how many still buy, and what are they worth by now?",
    parameters={"by": "period of the first order: week, month, quarter or year", "unit_days": "length of a cell of customer age in days"},
)
def cohorts(session: Session, *, by: str = "month", unit_days: int = 30) -> AnalysisResult:
    """Cell k of a cohort is its customers' days of age from k x unit_days up to (k + 1) x unit_days; only complete cells are given.

    The cohort is the local period of the first kept order, age counts from that day. A cell is complete when the cohort's last calendar day
    plus (k + 1) x unit_days is not after as-of. `sizes` gives the value per customer at day 30, 90 and 365 and, where costs are known, margin,
    acquisition cost and the month in which the one reaches the other.
    """
    refuse_unless(by in GRAINS, "by", by, ", ".join(GRAINS))
    refuse_below_one("unit_days", unit_days)
    periods = _periods(session, by)
    cells = list(_cells(session, periods, unit_days))
    earned = margin(session)
    sizes = _sizes(session, periods, earned)
    return AnalysisResult(
        name="cohorts",
        title="Cohorts",
        tables={
            "cells": table_of(
                session, rows_table(cells, CELLS), f"Cohorts by {by}, in cells of {unit_days} days of customer age", MEANINGS
            ),
            "sizes": table_of(session, rows_table(sizes, SIZES), "Value per customer by cohort", MEANINGS),
        },
        notes=(*ageing_notes(session), earned.note),
    )


@dataclass(slots=True)
class Period:
    """One cohort: its calendar window, and its customers by their first order day."""

    window: Window
    name: str
    customers: int = 0
    first_days: list[int] = field(default_factory=list)
    value: dict[int, int] = field(default_factory=lambda: dict.fromkeys(VALUE_DAYS, 0))
    """Net value of all customers' orders before that many days of age."""

    def has_reached(self, days: int, session: Session) -> bool:
        """Whether everybody who first bought in the period was at least `days` old at as-of."""
        return day_number(self.window.end) - 1 + days <= day_number(session.as_of_day)


def _aged(session: Session) -> Any:
    t = session.tables()
    first = t.buyers.select(buyer="customer_id", first_day="first_day")
    kept = t.kept_orders.filter(t.kept_orders.customer_id.notnull())
    joined = kept.inner_join(first, kept.customer_id == first.buyer)
    return joined.mutate(age=joined.local_day - joined.first_day)


def _periods(session: Session, by: str) -> list[Period]:
    rows = _aged(session)
    values = {f"value_{days}": total((rows.age < days).ifelse(rows.net_minor, 0)) for days in VALUE_DAYS}
    days = session.run(rows.group_by("first_day").agg(customers=rows.customer_id.nunique().cast("int64"), **values).order_by("first_day"))
    found: dict[Window, Period] = {}
    for row in days.to_pylist():
        window = window_around(day_of(row["first_day"]), Grain(by), fiscal_year_starts_in=session.settings.fiscal_year_starts_in)
        period = found.setdefault(window, Period(window, f"{window.start:%Y-%m}" if by == "month" else window.start.isoformat()))
        period.customers += row["customers"]
        period.first_days.append(row["first_day"])
        for age in VALUE_DAYS:
            period.value[age] += row[f"value_{age}"]
    return [found[window] for window in sorted(found)]


def _by_cell(session: Session, unit_days: int) -> dict[int, dict[int, dict[str, int]]]:
    """First order day -> cell -> active, orders, revenue."""
    rows = _aged(session)
    rows = rows.mutate(k=(rows.age.cast("float64") / float(unit_days)).floor().cast("int64"))
    found = rows.group_by("first_day", "k").agg(
        active=rows.customer_id.nunique().cast("int64"), orders=rows.count().cast("int64"), revenue_minor=total(rows.net_minor)
    )
    out: dict[int, dict[int, dict[str, int]]] = {}
    for row in session.run(found.order_by("first_day", "k")).to_pylist():
        out.setdefault(row["first_day"], {})[row["k"]] = {name: row[name] for name in FIGURES}
    return out


FIGURES = ("active", "orders", "revenue_minor")


def _cells(session: Session, periods: Sequence[Period], unit_days: int) -> Iterator[dict[str, Any]]:
    by_cell = _by_cell(session, unit_days)
    for period in periods:
        cumulative, k = 0, 0
        while period.has_reached(unit_days * (k + 1), session):
            own = [by_cell[day].get(k, {}) for day in period.first_days]
            sums = {name: sum(cell.get(name, 0) for cell in own) for name in FIGURES}
            cumulative += sums["revenue_minor"]
            yield {"cohort": period.name, "customers": period.customers, "k": k, **sums, "cumulative_minor": cumulative}
            k += 1


def _sizes(session: Session, periods: Sequence[Period], earned: Margin) -> list[dict[str, Any]]:
    costs = _acquisition_costs(session, periods)
    paid_back = _payback_months(session, periods, costs, earned) if costs else {}
    rows = []
    for period in periods:
        row: dict[str, Any] = {"cohort": period.name, "starts_on": period.window.start, "customers": period.customers}
        for days in VALUE_DAYS:
            value = period.value[days] / period.customers if period.has_reached(days, session) else None
            row[f"value_{days}_minor"] = value
            row[f"margin_{days}_minor"] = value * earned.rate if value is not None and earned.is_known else None
        rows.append(row | {"cac_minor": costs.get(period.name), "payback_month": paid_back.get(period.name)})
    return rows


def _acquisition_costs(session: Session, periods: Sequence[Period]) -> dict[str, float]:
    """Cohort -> acquisition cost per new customer in minor units, as the metric `cac` of the cohort's period defines it."""
    if not session.has_rows("costs") or "cac" not in metrics.catalogue() or session.currency is None:
        return {}
    values = metrics.run(session, "cac", tuple(period.window for period in periods))
    by_start = {value.window_start: value for value in values if value.is_defined}
    scale = 10 ** money.exponent(session.currency)
    return {p.name: by_start[p.window.start].number * scale for p in periods if p.window.start in by_start}


def _payback_months(session: Session, periods: Sequence[Period], costs: Mapping[str, float], earned: Margin) -> dict[str, int]:
    out: dict[str, int] = {}
    for cell in _cells(session, [p for p in periods if p.name in costs], 30):
        if cell["cohort"] not in out and cell["cumulative_minor"] * earned.rate / cell["customers"] >= costs[cell["cohort"]]:
            out[cell["cohort"]] = cell["k"] + 1
    return out


def ageing_notes(session: Session) -> list[Note]:
    """Says so when practically all customers (99 %) came in the first quarter of the data, and the data span at least 90 days."""
    t = session.tables()
    days = session.run(t.buyers.group_by("first_day").agg(customers=t.buyers.count().cast("int64")).order_by("first_day")).to_pylist()
    everybody = sum(row["customers"] for row in days)
    start, span = day_number(session.history_start), (session.as_of_day - session.history_start).days
    came = 0
    for row in days:
        came += row["customers"]
        if came >= 0.99 * everybody:
            lasted = row["first_day"] - start + 1
            if span >= 90 and lasted * 4 <= span:
                return [Note("one_cohort", {"share": came / everybody, "days": lasted, "until": day_of(row["first_day"])})]
            return []
    return []
