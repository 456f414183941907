"""Health and lights: how many customers have which light, what it rests on, and what changed since the week before."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from regulars.reports import prediction_charts
from regulars.reports.blocks import Block, Chart, Section, Table
from regulars.reports.charts import SHORT
from regulars.reports.drawing import Figure, Grid, draw

if TYPE_CHECKING:
    from regulars.predictions.predicting import Predictions
    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language

COLOURS = ("red", "amber", "green")
ASKED = 2_000
"""Red and amber customers whose reasons are counted, those with the most money at risk first."""
TOP_REASONS = 8


def lights(evidence: Evidence, language: Language) -> Section:
    """Counts by light with the money in them, the inputs of the score, the reasons that occur most, and changes."""
    say = language.say
    found = evidence.predictions
    counts = found.assessment.counts() if found else {}
    if not found or not any(counts.values()):
        return Section(key="lights", kicker=say("lights.kicker"), missing=say("lights.missing"))
    lit = sum(counts[c] for c in COLOURS)
    title = say("lights.title", lit=lit, **{c: counts[c] for c in COLOURS}) if lit else say("lights.title_none")
    blocks: list[Block] = []
    if lit:
        blocks.append(_bars(evidence, language, found, counts))
        tables = [t for t in (_reasons(language, found), _changes(language, found)) if t is not None]
        blocks += tables
    others = {name: counts[name] for name in ("new", "lapsed", "unknown")}
    notes = [_inputs(language, found), *_thresholds(language, found)]
    return Section(
        key="lights",
        kicker=say("lights.kicker"),
        title=title,
        paragraphs=[say("lights.lead"), say("lights.others", **others)],
        blocks=blocks,
        notes=[n for n in notes if n],
    )


def _bars(evidence: Evidence, language: Language, found: Predictions, counts: dict[str, int]) -> Chart:
    import pyarrow.compute as pc

    say = language.say
    rows = []
    for name in COLOURS:
        money = evidence.amount(pc.sum(found.rows(lights=(name,)).column("money_at_risk_minor")).as_py() or 0)
        text = say("lights.bar", customers=counts[name], money=money)
        rows.append(
            {"name": say(f"light.{name}"), "hue": name, "value": counts[name], "low": counts[name], "high": counts[name], "text": text}
        )
    title = say("lights.figure")
    svgs = draw(
        "lights",
        lambda size: prediction_charts.by_light(rows, size, axis=SHORT),
        language=language,
        title=title,
        description=say("lights.description", **{c: counts[c] for c in COLOURS}),
    )
    grid = Grid(
        head=[say("at_risk.light"), say("lights.customers")],
        rows=[[say(f"light.{name}"), language.count(count)] for name, count in counts.items()],
        numbers=(1,),
    )
    return Chart(figure=Figure(key="lights-figure", title=title, svgs=svgs, table=grid))


def _reasons(language: Language, found: Predictions) -> Table | None:
    """The first reasons of red and amber customers, by how often they occur, each with an example."""
    say = language.say
    rows = found.rows(lights=("red", "amber"), top=ASKED).column("customer_id").to_pylist()
    told = found.why(rows) if rows else []
    counted = Counter(reasons[0].code for reasons in told if reasons)
    example: dict[str, str] = {}
    for reasons in told:
        for reason in reasons[:1]:
            example.setdefault(reason.code, language.reason(reason))
    if not counted:
        return None
    body = [[language.reason_title(code), language.count(count), example[code]] for code, count in counted.most_common(TOP_REASONS)]
    grid = Grid(head=[say("lights.reason"), say("lights.customers"), say("lights.example")], rows=body, numbers=(1,), stacked=True)
    return Table(title=say("lights.drivers"), intro=say("lights.drivers_intro"), grid=grid)


def _changes(language: Language, found: Predictions) -> Table | None:
    say = language.say
    table = found.table
    if table.column("previous_light").null_count == table.num_rows:
        return None
    grouped: list[dict[str, Any]] = (
        table.select(["previous_light", "light", "customer_id"])
        .group_by(["previous_light", "light"])
        .aggregate([("customer_id", "count")])
        .to_pylist()
    )
    sizes = {
        (row["previous_light"], row["light"]): int(row["customer_id_count"])
        for row in grouped
        if row["previous_light"] and row["previous_light"] != row["light"]
    }
    if not sizes:
        return None
    body = [
        [say(f"light.{before}"), say(f"light.{now}"), language.count(count)]
        for (before, now), count in sorted(sizes.items(), key=lambda s: (-s[1], s[0]))
    ]
    return Table(
        title=say("lights.changed"),
        grid=Grid(head=[say("lights.before"), say("lights.now"), say("lights.customers")], rows=body, numbers=(2,)),
    )


def _inputs(language: Language, found: Predictions) -> str:
    known = found.assessment.inputs_known()
    used, missing = ([language.reasons.inputs[name] for name, n in known.items() if bool(n) is there] for there in (True, False))
    if not used:
        return ""
    code = "lights.inputs" if missing else "lights.inputs_all"
    return language.say(code, used=", ".join(used), missing=", ".join(missing))


def _thresholds(language: Language, found: Predictions) -> list[str]:
    standards = found.assessment.standards
    told = []
    if standards.green_from is not None and standards.red_below is not None:
        told.append(
            language.say(
                "lights.thresholds", green=standards.green_from, red=standards.red_below, day=standards.frozen_on - timedelta(days=1)
            )
        )
    told += [language.say("lights.withheld", light=language.say(f"light.{name}")) for name in standards.withheld]
    return told
