"""Did it hold? Lights, risks and values of the latest day whose outcome is known, against what happened."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.metrics.estimates import Undefined
from regulars.reports import prediction_charts
from regulars.reports.blocks import Block, Chart, Section, Table
from regulars.reports.drawing import Figure, Grid, draw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.predictions.predicting import Predictions
    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language

COLOURS = ("red", "amber", "green")
LEAST = 100
"""Customers with a light below which ten groups of them say nothing."""


def held(evidence: Evidence, language: Language) -> Section:
    """Who left by light, what the risk said and what happened, the model beside simpler rules, and value expected against what came."""
    say = language.say
    found = evidence.predictions
    rows = found.audit.lights.to_pylist() if found else []
    horizon = found.horizon_days if found else evidence.session.settings.horizon_days
    last = max((r["as_of"] for r in rows), default=None)
    by_light = {r["light"]: r for r in rows if r["as_of"] == last}
    if not found or last is None or not any(c in by_light for c in COLOURS):
        return Section(key="held", kicker=say("audit.kicker"), missing=say("audit.missing", days=3 * horizon))
    shares = {c: by_light[c]["left_share"] for c in ("red", "green") if c in by_light}
    code = "audit.title" if len(shares) == 2 else f"audit.title_{next(iter(shares), 'scores')}"
    blocks: list[Block] = [_lights(language, by_light, horizon)]
    reliability = _reliability(evidence, language, found)
    blocks += [reliability] if reliability else []
    scores = _scores(language, found)
    blocks += [scores] if scores else []
    worth = _value(evidence, language)
    blocks += [worth] if worth else []
    return Section(
        key="held",
        kicker=say("audit.kicker"),
        title=say(code, day=last, **shares),
        paragraphs=[say("audit.lead", day=last, days=horizon)],
        blocks=blocks,
        notes=[say("lights.withheld", light=say(f"light.{name}")) for name in found.audit.withheld],
    )


def _lights(language: Language, by_light: Mapping[str, Mapping[str, Any]], horizon: int) -> Chart:
    say = language.say
    present = [c for c in COLOURS if c in by_light]
    rows = [
        {
            "name": say(f"light.{c}"),
            "hue": c,
            "value": by_light[c]["left_share"],
            "low": by_light[c]["low"],
            "high": by_light[c]["high"],
            "text": say("audit.bar", share=by_light[c]["left_share"], left=by_light[c]["leavers"], of=by_light[c]["n"]),
        }
        for c in present
    ]
    title = say("audit.figure", days=horizon)
    svgs = draw(
        "held-lights",
        lambda size: prediction_charts.by_light(rows, size),
        language=language,
        title=title,
        description=say("audit.description"),
    )
    body = [
        [
            say(f"light.{c}"),
            language.count(by_light[c]["n"]),
            language.count(by_light[c]["leavers"]),
            language.percent(by_light[c]["left_share"], 0),
            say("interval", low=language.percent(by_light[c]["low"], 0), high=language.percent(by_light[c]["high"], 0)),
        ]
        for c in present
    ]
    head = [say("audit.light"), say("audit.customers"), say("audit.left"), say("audit.share"), say("forecast.interval")]
    return Chart(figure=Figure(key="held-lights", title=title, svgs=svgs, table=Grid(head=head, rows=body, numbers=(1, 2, 3, 4))))


def _reliability(evidence: Evidence, language: Language, found: Predictions) -> Chart | None:
    """Ten groups of active customers by the risk that the model of the day said."""
    from regulars.metrics.estimates import wilson
    from regulars.predictions.churn.scores import reliability
    from regulars.predictions.health import left_after, observe, risks_of

    model, last = found.audit.model, max(r["as_of"] for r in found.audit.lights.to_pylist())
    if model is None:
        return None
    say, look = language.say, observe(evidence.session, last + timedelta(days=1), found.horizon_days)
    risk, left = risks_of(model, look), left_after(evidence.session, look, found.horizon_days)
    active = ~np.isnan(risk) & ~np.isnan(left) & (look.facts.column("active").to_numpy(zero_copy_only=False) == 1)
    if active.sum() < LEAST:
        return None
    bins = reliability(left[active], risk[active])
    if isinstance(bins, Undefined):
        return None
    rows = []
    for n, said, share in zip(bins.n.tolist(), bins.mean_risk.tolist(), bins.left_share.tolist(), strict=True):
        low, high = wilson(share * n, n)
        rows.append({"x": said, "y": share, "low": low, "high": high, "n": n})
    titles = {"x_title": say("audit.said"), "y_title": say("audit.happened")}
    title = say("audit.reliability")
    svgs = draw(
        "held-said",
        lambda size: prediction_charts.said_and_happened(rows, size, **titles),
        language=language,
        title=title,
        description=say("audit.reliability_subtitle"),
    )
    body = [
        [language.percent(r["x"], 0), language.percent(r["y"], 0), say("interval", low=language.percent(r["low"], 0), high=language.percent(r["high"], 0)), language.count(r["n"])]
        for r in rows
    ]  # fmt: skip
    grid = Grid(
        head=[say("audit.said"), say("audit.happened"), say("forecast.interval"), say("audit.customers")], rows=body, numbers=(0, 1, 2, 3)
    )
    return Chart(figure=Figure(key="held-said", title=title, subtitle=say("audit.reliability_subtitle"), svgs=svgs, table=grid))


def _scores(language: Language, found: Predictions) -> Table | None:
    """The model and the rules that it has to beat, on active customers of the reporting snapshot."""
    if isinstance(found.churn, Undefined):
        return None
    say = language.say
    rows = [r for r in found.churn.card.scores if r["role"] == "reporting" and r["population"] == "active" and r.get("brier") is not None]
    if not rows:
        return None
    body = [
        [
            say(f"audit.model.{r['model']}") + (say("audit.chosen") if r["model"] == found.churn.card.kind else ""),
            language.number(r["brier"], 3),
            "" if r.get("auc") is None else language.number(r["auc"], 3),
            language.number(r["ece"], 3),
        ]
        for r in sorted(rows, key=lambda r: r["brier"])
    ]
    head = [say("audit.model"), say("audit.brier"), say("audit.auc"), say("audit.ece")]
    return Table(title=say("audit.scores"), intro=say("audit.scores_intro"), grid=Grid(head=head, rows=body, numbers=(1, 2, 3)))


def _value(evidence: Evidence, language: Language) -> Table | None:
    """Expected and actual value by tenths of the buyers."""
    audit = evidence.value_audit()
    if audit is None or audit.is_empty:
        return None
    say, currency = language.say, evidence.session.currency or ""
    total = audit["totals"].to_pylist()[-1]
    deciles: Sequence[Mapping[str, Any]] = [r for r in audit["deciles"].to_pylist() if r["looked_on"] == total["looked_on"]]
    expected = language.column([evidence.major(r["expected_minor"]) for r in deciles])
    came = language.column([evidence.major(r["came_minor"]) for r in deciles])
    body = [[language.count(r["decile"]), e, c] for r, e, c in zip(deciles, expected, came, strict=True)]
    intro = say(
        "audit.value_lead",
        day=total["looked_on"] - timedelta(days=1),
        days=total["days"],
        expected=evidence.amount(total["expected_minor"]),
        actual=evidence.amount(total["came_minor"]),
        error=100 * (total["value_error_share"] or 0.0),
    )
    head = [say("audit.tenth"), say("audit.expected", currency=currency), say("audit.actual", currency=currency)]
    return Table(title=say("audit.value"), intro=intro, grid=Grid(head=head, rows=body, numbers=(0, 1, 2)))
