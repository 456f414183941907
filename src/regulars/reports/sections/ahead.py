"""What comes next: active customers, orders and revenue, with the width that earlier forecasts have earned."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from regulars.metrics.estimates import Undefined
from regulars.reports import prediction_charts
from regulars.reports.blocks import Chart, Section
from regulars.reports.drawing import Figure, Grid, draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.predictions.value import Forecast
    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language

DAYS = 91
MEASURES = (("orders", "forecast.orders"), ("active", "forecast.active"), ("revenue_minor", "forecast.revenue"))
BANDS = tuple(band for band, _ in prediction_charts.FAN)


def ahead(evidence: Evidence, language: Language) -> Section:
    """Three fans over the coming months, each after what was."""
    say = language.say
    found = evidence.forecast(DAYS)
    if isinstance(found, Undefined):
        days = evidence.session.settings.horizon_days
        return Section(key="forecast", kicker=say("forecast.kicker"), missing=say("forecast.missing", days=days))
    rows = [r for r in found.ahead.to_pylist() if r["who"] == "all"]
    first = [r for r in rows if r["measure"] == "orders"]
    title = say(
        "forecast.title",
        until=first[0]["ends_on"] - timedelta(days=1),
        orders=first[0]["expected"],
        low=first[0]["low95"],
        high=first[0]["high95"],
    )
    figures = [_figure(evidence, language, found, measure, word) for measure, word in MEASURES]
    return Section(
        key="forecast",
        kicker=say("forecast.kicker"),
        title=title,
        paragraphs=[say("forecast.lead")],
        blocks=[Chart(figure=f) for f in figures],
        notes=[str(note) for note in found.notes],
    )


def _figure(evidence: Evidence, language: Language, found: Forecast, measure: str, word: str) -> Figure:
    say = language.say
    title = say(word, currency=evidence.session.currency or "")

    def units(value: float) -> float:
        return evidence.major(value) if measure.endswith("_minor") else value

    past = [_point(language, r, {"value": units(r["came"])}) for r in found.past.to_pylist() if r["measure"] == measure]
    coming = [r for r in found.ahead.to_pylist() if r["who"] == "all" and r["measure"] == measure]
    later = [
        _point(
            language, r, {"value": units(r["expected"]), **{f"{end}{b}": units(r[f"{end}{b}"]) for b in BANDS for end in ("low", "high")}}
        )
        for r in coming
    ]
    svgs = draw(
        f"ahead-{measure}",
        lambda size: prediction_charts.fan(past, later, size),
        language=language,
        title=title,
        description=say("forecast.description"),
    )
    return Figure(key=f"ahead-{measure}", title=title, svgs=svgs, table=_grid(language, past, later))


def _point(language: Language, row: dict[str, Any], values: dict[str, float]) -> dict[str, Any]:
    day = row["ends_on"] - timedelta(days=1)
    return {"label": language.day(day), "text": language.short(values["value"]), **values}


def _grid(language: Language, past: Sequence[dict[str, Any]], later: Sequence[dict[str, Any]]) -> Grid:
    say = language.say
    rows = [[p["label"], language.number(p["value"]), say("forecast.came")] for p in past]
    rows += [
        [p["label"], language.number(p["value"]), say("interval", low=language.number(p["low95"]), high=language.number(p["high95"]))]
        for p in later
    ]
    return Grid(head=[say("forecast.when"), say("forecast.expected"), say("forecast.interval")], rows=rows, numbers=(1, 2))
