"""The second order: who takes it within 30, 60 and 90 days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.reports import charts
from regulars.reports.blocks import Block, Chart, Section, Tile, Tiles
from regulars.reports.drawing import Figure, Grid, draw

if TYPE_CHECKING:
    from regulars.metrics import MetricValue
    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language

DAYS = (30, 60, 90)
COLOURS = ("sky", "amber", "blue")
LEAST = 30


def second_order(evidence: Evidence, language: Language) -> Section:
    """The rate over all customers, and by month of the first order."""
    say = language.say
    overall = {days: evidence.metric("second_order_rate", evidence.whole, days=days) for days in DAYS}
    known = {days: v for days, v in overall.items() if v is not None and v.n >= 2}
    if 90 not in known or 30 not in known:
        return Section(key="second-order", kicker=say("second.kicker"), missing=say("second.missing"))
    title = say("second.title", rate=known[90].value, early=known[30].value)
    tiles = [
        Tile(
            label=say("second.within", days=days),
            value=language.percent(v.number, 1),
            interval=say("interval", low=language.percent(v.low or 0, 1), high=language.percent(v.high or 0, 1)),
            window=say("second.of", customers=v.denominator or 0),
        )
        for days, v in known.items()
    ]
    notes = [say("second.young", excluded=known[90].excluded)] if known[90].excluded else []
    figure = _by_month(evidence, language)
    blocks: list[Block] = [Tiles(tiles=tiles), *([Chart(figure=figure)] if figure else [])]
    return Section(
        key="second-order", kicker=say("second.kicker"), title=title, paragraphs=[say("second.lead")], blocks=blocks, notes=notes
    )


def _by_month(evidence: Evidence, language: Language) -> Figure | None:
    say = language.say
    series: dict[int, list[MetricValue]] = {
        days: [v for v in evidence.by_cohort_month("second_order_rate", days=days) if v.n >= LEAST and not v.excluded] for days in DAYS
    }
    if len(series[30]) < 2:
        return None
    kinds = [(say("second.days", days=days), c) for days, c in zip(DAYS, COLOURS, strict=True)]
    rows = [
        {
            "label": language.axis_month(v.window_start),
            "start": v.window_start.isoformat(),
            "kind": say("second.days", days=days),
            "value": v.value,
            "low": v.low,
            "high": v.high,
            "said": f"{days}: {language.percent(v.number, 0)}",
        }
        for days, values in series.items()
        for v in values
    ]
    rows.sort(key=lambda r: str(r["start"]))
    last = series[90][-1] if series[90] else series[30][-1]
    described = say("second.description", last=language.percent(last.number))
    svgs = draw(
        "second-order",
        lambda size: charts.lines(rows, size, kinds=kinds),
        language=language,
        title=say("second.by_month"),
        description=described,
    )
    by_month = sorted({v.window_start for values in series.values() for v in values})
    body = [
        [
            language.short_month(month),
            *(next((language.percent(v.number, 1) for v in series[days] if v.window_start == month), "") for days in DAYS),
        ]
        for month in by_month
    ]
    table = Grid(head=[say("second.month"), *(kind for kind, _ in kinds)], rows=body, numbers=(1, 2, 3))
    return Figure(
        key="second-order-figure",
        title=say("second.by_month"),
        subtitle=say("second.by_month_subtitle"),
        svgs=svgs,
        table=table,
        legend=[(c, kind) for kind, c in kinds],
    )
