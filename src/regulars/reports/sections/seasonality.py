"""Seasonality: months of the year, weekdays, hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.reports import charts
from regulars.reports.blocks import Block, Chart, Pair, Section
from regulars.reports.drawing import HALF, NARROW, WIDE, Figure, Grid, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language


def seasonality(evidence: Evidence, language: Language) -> Section:
    """Orders per day by month and weekday, and by hour where the orders carry times."""
    say = language.say
    weekdays, months, hours = (evidence.rows("seasonality", name) for name in ("weekdays", "months", "hours"))
    if not weekdays or not any(r["orders"] for r in weekdays):
        return Section(key="seasonality", kicker=say("seasonality.kicker"), missing=say("seasonality.missing"))
    day = max(weekdays, key=_per_day)
    found = evidence.analysis("seasonality")
    short = found is not None and found.note("less_than_a_year") is not None
    cohort = evidence.one_cohort() is not None
    weekday = language.weekdays[day["weekday"] - 1]
    if short or cohort:
        title = say("seasonality.title_week", weekday=weekday)
    else:
        title = say("seasonality.title", weekday=weekday, month=language.long_months[max(months, key=_per_day)["month"] - 1])
    lead = "seasonality.lead_short" if short else "seasonality.lead_cohort" if cohort else "seasonality.lead_once"
    pair = Pair(
        blocks=[
            Chart(figure=_figure(evidence, language, "weekdays", weekdays, lambda r: language.weekdays[r["weekday"] - 1])),
            Chart(figure=_figure(evidence, language, "months", months, lambda r: language.months[r["month"] - 1])),
        ]
    )
    blocks: list[Block] = [pair]
    notes = []
    if hours:
        blocks.append(Chart(figure=_figure(evidence, language, "hours", hours, lambda r: f"{r['hour']}")))
    else:
        notes.append(say("seasonality.no_hours"))
    return Section(key="seasonality", kicker=say("seasonality.kicker"), title=title, paragraphs=[say(lead)], blocks=blocks, notes=notes)


def _per_day(row: dict[str, Any]) -> float:
    return float(row["orders_per_day"] or 0)


def _figure(
    evidence: Evidence, language: Language, name: str, rows: Sequence[dict[str, Any]], label: Callable[[dict[str, Any]], str]
) -> Figure:
    say = language.say
    seen = [r for r in rows if r["days"]]
    peak = max(seen, key=_per_day)
    places = 1 if _per_day(peak) < 20 else 0
    drawn = [{"label": label(r)[:3], "value": _per_day(r), "text": language.number(_per_day(r), places), "peak": r is peak} for r in seen]
    average = sum(r["orders"] for r in seen) / max(1, sum(r["days"] for r in seen))
    described = say("seasonality.description", peak=label(peak), value=language.number(_per_day(peak), places))
    sizes = (WIDE, NARROW) if name == "hours" else (HALF, NARROW)
    svgs = draw(
        f"seasonality-{name}",
        lambda size: charts.columns(drawn, size, reference=average),
        language=language,
        title=say(f"seasonality.{name}"),
        description=described,
        sizes=sizes,
    )
    head = [
        say("seasonality.when"),
        say("seasonality.days"),
        say("seasonality.orders"),
        say("seasonality.per_day"),
        say("seasonality.value_per_day"),
    ]
    body = [
        [
            label(r),
            language.count(r["days"]),
            language.count(r["orders"]),
            language.number(_per_day(r), 1),
            language.amount(evidence.amount(r["value_per_day_minor"])),
        ]
        for r in seen
    ]
    return Figure(
        key=f"seasonality-{name}-figure",
        title=say(f"seasonality.{name}"),
        subtitle=say("seasonality.reference"),
        svgs=svgs,
        table=Grid(head=head, rows=body, numbers=range(1, 5)),
    )
