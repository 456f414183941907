"""Charts of the overview that the review has no section of its own for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.reports import charts
from regulars.reports.drawing import Figure, Grid, draw

if TYPE_CHECKING:
    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language

SHOWN_MONTHS = 14


def revenue(evidence: Evidence, language: Language) -> Figure | None:
    """Revenue month by month."""
    found = [value for value in evidence.over_months("revenue")[-SHOWN_MONTHS:] if value is not None]
    if len(found) < 2:
        return None
    say = language.say
    rows = [
        {
            "label": language.axis_month(value.window_start),
            "value": value.number,
            "text": language.short(value.number),
            "complete": value.complete,
        }
        for value in found
    ]
    title = say("kpi.revenue") + (f" ({evidence.session.currency})" if evidence.session.currency else "")
    described = say(
        "kpi.trend", label=title, first=language.short_month(found[0].window_start), last=language.short_month(found[-1].window_start)
    )
    svgs = draw("revenue", lambda size: charts.level(rows, size, height=190), language=language, title=title, description=described)
    months = [language.short_month(v.window_start) for v in found]
    partial = [month if v.complete else say("table.partial", label=month) for month, v in zip(months, found, strict=True)]
    body = [[month, language.number(v.number)] for month, v in zip(partial, found, strict=True)]
    return Figure(key="revenue-figure", title=title, svgs=svgs, table=Grid(head=[say("movements.month"), title], rows=body, numbers=(1,)))
