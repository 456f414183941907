"""Cohorts as heat maps: who still orders, and what a customer brings."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from regulars.reports import charts
from regulars.reports.blocks import Block, Chart, Section, Table
from regulars.reports.drawing import Figure, Grid, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regulars.reports.drawing import Size
    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language

LEAST = 30
SHOWN_COHORTS = 15
SHOWN_CELLS = {False: 18, True: 10}
"""Columns by whether the page is narrow."""


def cohorts(evidence: Evidence, language: Language) -> Section:
    """Two heat maps and the value of a customer by age."""
    say = language.say
    sizes = evidence.rows("cohorts", "sizes")
    large = [r for r in sizes if r["customers"] >= LEAST]
    shown = {r["cohort"]: r for r in large[-SHOWN_COHORTS:]}
    cells = [c for c in evidence.rows("cohorts", "cells") if c["cohort"] in shown]
    if not any(c["k"] >= 1 for c in cells):
        return Section(key="cohorts", kicker=say("cohorts.kicker"), missing=say("cohorts.missing"))
    names = {c: say("cohorts.row", month=language.axis_month(_first_day(c)), customers=r["customers"]) for c, r in shown.items()}
    early = [c["active"] / c["customers"] for c in cells if c["k"] == 1]
    title = say("cohorts.title", low=min(early), high=max(early)) if len(early) > 1 else say("cohorts.title_one", low=early[0])
    notes = [say("cohorts.first")]
    if len(large) < len(sizes):
        notes.append(say("cohorts.small", left_out=len(sizes) - len(large)))
    if len(shown) < len(large):
        notes.append(say("cohorts.older", shown=len(shown), all=len(large)))
    currency = evidence.session.currency or ""
    customers = _heat(
        language,
        "cohort-customers",
        say("cohorts.customers"),
        say("cohorts.customers_description"),
        names,
        cells,
        lambda c: 100 * c["active"] / c["customers"],
        lambda v, narrow: language.number(v, 0 if v >= 9.95 or narrow else 1),
        share=True,
    )
    revenue = _heat(
        language,
        "cohort-revenue",
        say("cohorts.revenue", currency=currency),
        say("cohorts.revenue_description"),
        names,
        cells,
        lambda c: evidence.major(c["revenue_minor"]) / c["customers"],
        lambda v, narrow: language.number(v, 0 if v >= 9.95 or narrow else 1),
        share=False,
    )
    blocks: list[Block] = [Chart(figure=customers), Chart(figure=revenue), _values(evidence, language, list(shown.values()))]
    return Section(key="cohorts", kicker=say("cohorts.kicker"), title=title, paragraphs=[say("cohorts.lead")], blocks=blocks, notes=notes)


def _first_day(cohort: str) -> date:
    return date(int(cohort[:4]), int(cohort[5:7]), 1)


def _heat(
    language: Language,
    key: str,
    title: str,
    description: str,
    names: dict[str, str],
    cells: Sequence[dict[str, Any]],
    value: Callable[[dict[str, Any]], float],
    text: Callable[[float, bool], str],
    *,
    share: bool,
) -> Figure:
    say = language.say

    def build(size: Size) -> Any:
        kept = [c for c in cells if c["k"] < SHOWN_CELLS[size.narrow]]
        columns = [str(k) for k in range(max(c["k"] for c in kept) + 1)]
        rows = [
            {"row": names[c["cohort"]], "column": str(c["k"]), "value": value(c), "text": text(value(c), size.narrow), "plain": c["k"] == 0}
            for c in kept
        ]
        return charts.heat_map(
            rows,
            size,
            row_titles=list(names.values()),
            column_titles=columns,
            axis_title=say("cohorts.axis"),
            row_height=26 if size.narrow else 31,
        )

    last = max(c["k"] for c in cells)
    by_place = {(c["cohort"], c["k"]): c for c in cells}
    head = [say("cohorts.cohort"), say("cohorts.size"), *(str(k) for k in range(last + 1))]
    body = []
    for cohort in names:
        first = by_place.get((cohort, 0))
        found = [by_place.get((cohort, k)) for k in range(last + 1)]
        shown = ["" if c is None else language.number(value(c), 1 if share or value(c) < 100 else 0) for c in found]
        body.append([language.short_month(_first_day(cohort)), language.count(first["customers"]) if first else "", *shown])
    svgs = draw(key, build, language=language, title=title, description=description)
    return Figure(key=f"{key}-figure", title=title, svgs=svgs, table=Grid(head=head, rows=body, numbers=range(1, last + 3)))


def _values(evidence: Evidence, language: Language, sizes: Sequence[dict[str, Any]]) -> Table:
    say = language.say
    aged = [r for r in sizes if r["value_30_minor"] is not None]
    days = [d for d in (30, 90, 365) if any(r[f"value_{d}_minor"] is not None for r in aged)]
    columns = [language.column([None if (minor := r[f"value_{d}_minor"]) is None else evidence.major(minor) for r in aged]) for d in days]
    rows = [
        [language.short_month(_first_day(r["cohort"])), language.count(r["customers"]), *(column[i] for column in columns)]
        for i, r in enumerate(aged)
    ]
    head = [say("cohorts.cohort"), say("cohorts.size"), *(say(f"cohorts.value_{d}") for d in days)]
    blank = any(not cell for column in columns for cell in column)
    title = say("cohorts.value", currency=evidence.session.currency or "")
    return Table(title=title, grid=Grid(head=head, rows=rows, numbers=range(1, 5)), note=say("cohorts.blank") if blank else "")
