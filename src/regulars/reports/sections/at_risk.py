"""Value and risk: where the money at risk lies, and whom to call first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.reports import prediction_charts
from regulars.reports.blocks import Block, Chart, Section, Table
from regulars.reports.drawing import Figure, Grid, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from regulars.predictions.predicting import Predictions
    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language

CALLS = 15
NUMBERED = 10
COLUMNS, ROWS = 20, 14
"""Cells of the map."""


def at_risk(evidence: Evidence, language: Language, name: Callable[[str], str]) -> Section:
    """The map of risk and value, and the call list; `name` says how a customer is called on this page."""
    say = language.say
    found = evidence.predictions
    horizon = found.horizon_days if found else evidence.session.settings.horizon_days
    rows = found.rows().to_pylist() if found else []
    if not found or not rows:
        return Section(key="at_risk", kicker=say("at_risk.kicker"), missing=say("at_risk.missing", days=horizon))
    calls = found.call_list(CALLS)
    total, customers = found.money_at_risk()
    basis = say(f"at_risk.{found.basis}")
    title = (
        say("at_risk.title", money=evidence.amount(total), basis=basis, days=horizon)
        if total > 0
        else say("at_risk.title_none", days=horizon)
    )
    blocks: list[Block] = []
    drawn = [r for r in rows if (r["value_if_stays_minor"] or 0) > 0 and r["churn_risk"] is not None]
    if len(drawn) >= NUMBERED:
        blocks.append(_map(evidence, language, drawn, calls, horizon))
    if calls:
        blocks.append(_calls(evidence, language, calls, found, name))
    return Section(
        key="at_risk",
        kicker=say("at_risk.kicker"),
        title=title,
        paragraphs=[say("at_risk.lead", customers=customers)],
        blocks=blocks,
    )


def _map(
    evidence: Evidence, language: Language, rows: Sequence[Mapping[str, Any]], calls: Sequence[Mapping[str, Any]], horizon: int
) -> Chart:
    import numpy as np

    say = language.say
    risk = np.array([r["churn_risk"] for r in rows])
    value = np.array([evidence.major(r["value_if_stays_minor"]) for r in rows])
    low, high = np.quantile(value, (0.005, 1.0))
    value = np.maximum(value, low)
    across, up = np.linspace(0, 1, COLUMNS + 1), np.geomspace(low * 0.999, max(high, low * 1.01) * 1.001, ROWS + 1)
    counts = np.histogram2d(risk, value, bins=[across, up])[0]
    cells = [
        {"x": float(across[i]), "x2": float(across[i + 1]), "y": float(up[j]), "y2": float(up[j + 1]), "count": int(counts[i, j])}
        for i, j in zip(*np.nonzero(counts), strict=True)
    ]
    called = [
        {"x": r["churn_risk"], "y": evidence.major(r["value_if_stays_minor"]), "text": str(i)}
        for i, r in enumerate(calls[:NUMBERED], 1)
        if (r["value_if_stays_minor"] or 0) > 0
    ]
    titles = {"x_title": say("at_risk.x", days=horizon), "y_title": say("at_risk.y", currency=evidence.session.currency or "")}
    svgs = draw(
        "at-risk",
        lambda size: prediction_charts.value_against_risk(cells, size, called=called, **titles),
        language=language,
        title=say("at_risk.figure"),
        description=say("at_risk.description", customers=len(rows)),
    )
    quarters = [(k / 4, (k + 1) / 4) for k in range(4)]
    body = []
    for start, end in quarters:
        inside = (risk >= start) & ((risk < end) | (end == 1.0))
        body.append(
            [
                f"{language.percent(start, 0)} – {language.percent(end, 0)}",
                language.count(int(inside.sum())),
                language.number(float(value[inside].sum())),
            ]
        )
    grid = Grid(
        head=[say("at_risk.risk"), say("audit.customers"), say("at_risk.stays", currency=evidence.session.currency or "")],
        rows=body,
        numbers=(1, 2),
    )
    return Chart(figure=Figure(key="at-risk-map", title=say("at_risk.figure"), subtitle=say("at_risk.subtitle"), svgs=svgs, table=grid))


def _calls(
    evidence: Evidence, language: Language, calls: Sequence[Mapping[str, Any]], found: Predictions, name: Callable[[str], str]
) -> Table:
    say, currency = language.say, evidence.session.currency or ""
    why = found.why([r["customer_id"] for r in calls])
    stays = language.column([evidence.major(r["value_if_stays_minor"]) for r in calls])
    money = language.column([evidence.major(r["money_at_risk_minor"]) for r in calls])
    body = [
        [
            str(i),
            name(r["customer_id"]),
            say(f"light.{r['light']}"),
            language.percent(r["churn_risk"], 0),
            stays[i - 1],
            money[i - 1],
            " ".join(map(language.reason, why[i - 1])),
        ]
        for i, r in enumerate(calls, 1)
    ]
    head = [
        say("at_risk.number"),
        say("at_risk.customer"),
        say("at_risk.light"),
        say("at_risk.risk"),
        say("at_risk.stays", currency=currency),
        say("at_risk.money", currency=currency),
        say("at_risk.why"),
    ]
    return Table(
        title=say("at_risk.calls"), intro=say("at_risk.calls_intro"), grid=Grid(head=head, rows=body, numbers=(0, 3, 4, 5), stacked=True)
    )
