"""Movements: opening + new + back - lapsed = closing, and the churn rate month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.reports import charts
from regulars.reports.blocks import Chart, Section
from regulars.reports.drawing import Figure, Grid, draw
from regulars.reports.sections.headline import latest_movement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language

SHOWN_MONTHS = 13
"""Complete months, the same month a year before included; one that is running comes on top."""


def movements(evidence: Evidence, language: Language) -> Section:
    """Who came, came back and went."""
    say, moved = language.say, latest_movement(evidence)
    days = evidence.session.settings.inactive_after_days
    if moved is None:
        return Section(key="movements", kicker=say("movements.kicker"), missing=say("movements.missing", days=days))
    contract = evidence.session.by_cancellation
    rows = evidence.movements()[-_shown(evidence) :]
    counts = {name: moved[name] for name in ("opening", "new", "back", "lapsed", "closing")} | {
        "month": moved["window_start"],
        "days": days,
    }
    title = say("movements.title_contract" if contract else "movements.title_down", **counts, arrived=moved["new"] + moved["back"])
    notes = []
    if any(not r["enough_history"] for r in rows):
        notes.append(say("movements.early", days=days))
    if any(not r["complete"] for r in rows):
        notes.append(say("movements.partial"))
    if moved["joined_and_left"]:
        notes.append(say("movements.joined", joined=moved["joined_and_left"]))
    blocks = [Chart(figure=_figure(language, rows, contract=contract))]
    churn = _churn(evidence, language)
    return Section(
        key="movements",
        kicker=say("movements.kicker"),
        title=title,
        paragraphs=[say("movements.lead_contract" if contract else "movements.lead", **counts)],
        blocks=[*blocks, *([Chart(figure=churn)] if churn else [])],
        notes=notes,
    )


def _figure(language: Language, rows: Sequence[dict[str, Any]], *, contract: bool) -> Figure:
    say = language.say
    level_rows = [
        {
            "label": language.axis_month(r["window_start"]),
            "value": r["closing"],
            "text": language.count(r["closing"]),
            "complete": r["complete"],
        }
        for r in rows
    ]
    lost = say("movements.lost" if contract else "movements.lapsed")
    kinds = [(say("movements.new"), "blue"), (say("movements.back"), "sky"), (lost, "orange")]
    columns = ("new", "back", "lapsed")
    flow_rows = [
        {
            "label": language.axis_month(r["window_start"]),
            "kind": kind,
            "order": order,
            "complete": r["complete"],
            "value": r[column] * (-1 if column == "lapsed" else 1),
        }
        for r in rows
        for order, (column, (kind, _)) in enumerate(zip(columns, kinds, strict=True))
    ]
    done = [r for r in rows if r["complete"]]
    title = say(
        "movements.level_from_to",
        first=done[0]["closing"],
        first_month=done[0]["window_start"],
        last=done[-1]["closing"],
        last_month=done[-1]["window_start"],
    )
    described = say("movements.level_description", last=language.count(done[-1]["closing"]))
    svgs = (
        *draw("movements-level", lambda size: charts.level(level_rows, size), language=language, title=title, description=described),
        *draw(
            "movements-flows",
            lambda size: charts.flows(flow_rows, size, kinds=kinds),
            language=language,
            title=say("movements.flows"),
            description=say("movements.description"),
        ),
    )
    head = [
        say("movements.month"),
        say("movements.opening"),
        *(f"+ {k}" if i < 2 else f"− {k}" for i, (k, _) in enumerate(kinds)),
        say("movements.closing"),
    ]
    body = [[_month(language, r), *(language.count(r[c]) for c in ("opening", "new", "back", "lapsed", "closing"))] for r in rows]
    return Figure(
        key="movements-figure",
        title=title,
        subtitle=say("movements.flows"),
        svgs=svgs,
        table=Grid(head=head, rows=body, numbers=range(1, 6)),
        legend=[(c, name) for name, c in kinds],
    )


def _shown(evidence: Evidence) -> int:
    return SHOWN_MONTHS + sum(not evidence.session.complete(w) for w in evidence.months)


def _month(language: Language, row: dict[str, Any]) -> str:
    month = language.short_month(row["window_start"])
    return month if row["complete"] else language.say("table.partial", label=month)


def _churn(evidence: Evidence, language: Language) -> Figure | None:
    say = language.say
    found = [v for v in evidence.over_months("churn_rate")[-_shown(evidence) :] if v is not None]
    done = [v for v in found if v.complete]
    if not done:
        return None
    latest = done[-1]
    rows = [
        {
            "label": language.axis_month(v.window_start),
            "value": v.value,
            "low": v.low,
            "high": v.high,
            "complete": v.complete,
            "text": language.percent(v.number),
        }
        for v in found
    ]
    title = say("churn.title", month=latest.window_start, rate=latest.value)
    subtitle = say("churn.subtitle") if latest.target is None else say("churn.subtitle_target", target=latest.target)
    described = say("churn.description", last=language.percent(latest.number))
    svgs = draw("churn", lambda size: charts.trend(rows, size, target=latest.target), language=language, title=title, description=described)
    head = [say("movements.month"), say("churn.lost"), say("churn.at_start"), say("churn.rate"), say("table.interval")]
    body = [
        [
            _month(language, {"window_start": v.window_start, "complete": v.complete}),
            language.count(v.numerator or 0),
            language.count(v.denominator or 0),
            language.percent(v.number, 1),
            say("interval", low=language.percent(v.low or 0, 1), high=language.percent(v.high or 0, 1)),
        ]
        for v in found
    ]
    return Figure(key="churn-figure", title=title, subtitle=subtitle, svgs=svgs, table=Grid(head=head, rows=body, numbers=range(1, 5)))
