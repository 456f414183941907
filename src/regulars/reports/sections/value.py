"""What a point of retention is worth here, as a range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.reports import charts
from regulars.reports.blocks import Chart, Section
from regulars.reports.drawing import Figure, Grid, draw

if TYPE_CHECKING:
    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language


def value(evidence: Evidence, language: Language) -> Section:
    """The worth of one, two and five points of retention over the next year."""
    say = language.say
    worth = evidence.rows("retention_value", "worth")
    if not worth:
        return Section(
            key="value", kicker=say("value.kicker"), missing=say("value.missing", days=evidence.session.settings.inactive_after_days)
        )
    inputs = {r["input"]: r for r in evidence.rows("retention_value", "inputs")}
    one = worth[0]
    title = say("value.title", low=evidence.amount(one["low_minor"]), high=evidence.amount(one["high_minor"]))
    lead = say(
        "value.lead",
        active=inputs["active_customers"]["value"],
        retention=inputs["retention"]["value"],
        value=evidence.amount(inputs["value"]["value"]),
    )
    rows = [
        {
            "name": say("value.point") if r["points"] == 1 else say("value.points", points=r["points"]),
            "value": evidence.major(r["mid_minor"]),
            "low": evidence.major(r["low_minor"]),
            "high": evidence.major(r["high_minor"]),
            "text": language.amount(evidence.amount(r["mid_minor"]), "short"),
        }
        for r in worth
    ]
    described = say(
        "value.description",
        low=language.amount(evidence.amount(one["low_minor"])),
        high=language.amount(evidence.amount(one["high_minor"])),
    )
    svgs = draw(
        "value", lambda size: charts.ranges(rows, size, space=70), language=language, title=say("value.figure"), description=described
    )
    body = [
        [
            str(row["name"]),
            language.amount(evidence.amount(r["mid_minor"])),
            say("interval", low=language.amount(evidence.amount(r["low_minor"])), high=language.amount(evidence.amount(r["high_minor"]))),
        ]
        for row, r in zip(rows, worth, strict=True)
    ]
    grid = Grid(head=[say("value.more"), say("value.mid"), say("value.range")], rows=body, numbers=(1, 2))
    found = evidence.analysis("retention_value")
    margin = found.note("margin") if found else None
    basis = say("value.basis_margin", **margin.values) if margin else say("value.basis_revenue")
    figure = Figure(key="value-figure", title=say("value.figure"), subtitle=basis, svgs=svgs, table=grid)
    return Section(
        key="value", kicker=say("value.kicker"), title=title, paragraphs=[lead], blocks=[Chart(figure=figure)], notes=[say("value.note")]
    )
