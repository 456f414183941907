"""Concentration: how much of the value comes from how few customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.reports import charts
from regulars.reports.blocks import Chart, Pair, Section, Table
from regulars.reports.drawing import HALF, NARROW, Figure, Grid, draw

if TYPE_CHECKING:
    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language

MARKED = (0.10, 0.20, 0.50)
LISTED = (1, 5, 10, 20, 50)
LEAST = 20


def concentration(evidence: Evidence, language: Language) -> Section:
    """The Lorenz curve, best customers first, and the top of the list."""
    say = language.say
    shares = evidence.rows("concentration", "shares")
    summary = evidence.rows("concentration", "summary")
    if not shares or summary[0]["customers"] < LEAST:
        return Section(key="concentration", kicker=say("concentration.kicker"), missing=say("concentration.missing"))
    by_top = {r["top_percent"]: r for r in shares}
    gini = summary[0]["gini"]
    rows = [{"x": 0.0, "y": 0.0}, *({"x": r["top_percent"] / 100, "y": r["share"]} for r in shares)]
    marked = [
        {
            "x": top,
            "y": by_top[round(top * 100)]["share"],
            "text": say("concentration.mark", top=top, share=by_top[round(top * 100)]["share"]),
        }
        for top in MARKED
    ]
    described = say("concentration.description", ten=language.percent(by_top[10]["share"]), gini=language.number(gini, 2))
    svgs = draw(
        "concentration",
        lambda size: charts.lorenz(rows, size, marked=marked, x_title=say("concentration.axis"), equal=say("concentration.equal")),
        language=language,
        title=say("concentration.figure"),
        description=described,
        sizes=(HALF, NARROW),
    )
    head = [
        say("concentration.top"),
        say("concentration.customers"),
        say("concentration.share"),
        say("concentration.value", currency=evidence.session.currency or ""),
    ]

    def line(top: int) -> list[str]:
        r = by_top[top]
        return [
            language.percent(top / 100, 0),
            language.count(r["customers"]),
            language.percent(r["share"]),
            language.number(evidence.major(r["value_minor"])),
        ]

    full = Grid(head=head, rows=[line(top) for top in (*range(1, 10), *range(10, 101, 10))], numbers=range(4))
    figure = Figure(key="concentration-figure", title=say("concentration.figure"), svgs=svgs, table=full)
    table = Table(
        title=say("concentration.table"),
        grid=Grid(head=head, rows=[line(top) for top in LISTED], numbers=range(4)),
        note=say("concentration.gini", gini=gini),
    )
    title = say("concentration.title", top=0.20, share=by_top[20]["share"])
    return Section(
        key="concentration", kicker=say("concentration.kicker"), title=title, blocks=[Pair(blocks=[Chart(figure=figure), table])]
    )
