"""RFM: the map of recency and frequency, and the classic segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.reports import charts
from regulars.reports.blocks import Chart, Pair, Section
from regulars.reports.drawing import HALF, NARROW, Figure, Grid, draw
from regulars.reports.language import Amount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language


def rfm(evidence: Evidence, language: Language) -> Section:
    """The map and the segments side by side."""
    say, segments = language.say, evidence.rows("rfm", "segments")
    found = evidence.analysis("rfm")
    if not segments or found is None or len(found["customers"]) < 25:
        return Section(key="rfm", kicker=say("rfm.kicker"), missing=say("rfm.missing"))
    best = max(segments, key=lambda r: r["value_minor"])
    title = say("rfm.title", name=say(f"rfm.name.{best['segment']}"), share=best["share"], value_share=best["value_share"] or 0.0)
    table = found["customers"].to_arrow()
    cells = table.group_by(["r", "f"]).aggregate([("customer_id", "count"), ("monetary_minor", "sum")]).to_pylist()
    pair = Pair(blocks=[Chart(figure=_map(evidence, language, cells)), Chart(figure=_segments(evidence, language, segments))])
    return Section(key="rfm", kicker=say("rfm.kicker"), title=title, paragraphs=[say("rfm.lead")], blocks=[pair])


def _map(evidence: Evidence, language: Language, cells: Sequence[dict[str, Any]]) -> Figure:
    say = language.say
    rows = [
        {
            "x": str(c["r"]),
            "y": str(c["f"]),
            "value": c["monetary_minor_sum"],
            "first": language.count(c["customer_id_count"]),
            "second": language.short(evidence.major(c["monetary_minor_sum"])),
        }
        for c in cells
    ]
    svgs = draw(
        "rfm-map",
        lambda size: charts.grid_map(rows, size, x_title=say("rfm.x"), y_title=say("rfm.y")),
        language=language,
        title=say("rfm.map"),
        description=say("rfm.map_description"),
        sizes=(HALF, NARROW),
    )
    body = [
        [str(c["r"]), str(c["f"]), language.count(c["customer_id_count"]), language.amount(evidence.amount(c["monetary_minor_sum"]))]
        for c in sorted(cells, key=lambda c: (-c["r"], -c["f"]))
    ]
    grid = Grid(head=[say("rfm.recency"), say("rfm.frequency"), say("rfm.n"), say("rfm.minor")], rows=body, numbers=(0, 1, 2, 3))
    return Figure(
        key="rfm-map-figure",
        title=say("rfm.map"),
        subtitle=say("rfm.map_subtitle", currency=evidence.session.currency or ""),
        svgs=svgs,
        table=grid,
    )


def _segments(evidence: Evidence, language: Language, segments: Sequence[dict[str, Any]]) -> Figure:
    say = language.say
    kinds = [(say("rfm.customers"), "grey"), (say("rfm.value"), "blue")]
    rows = [
        {
            "name": say(f"rfm.name.{s['segment']}"),
            "kind": kind,
            "value": max(0.0, share),
            "text": language.percent(share, 0 if share >= 0.0095 else 1),
        }
        for s in segments
        for (kind, _), share in zip(kinds, (s["share"], s["value_share"] or 0.0), strict=True)
    ]
    svgs = draw(
        "rfm-segments",
        lambda size: charts.ranked(rows, size, kinds=kinds, row_height=20, space=122),
        language=language,
        title=say("rfm.segments"),
        description=say("rfm.segments_description"),
        sizes=(HALF, NARROW),
    )
    body = [
        [
            say(f"rfm.name.{s['segment']}"),
            language.count(s["customers"]),
            language.amount(Amount(evidence.major(s["value_minor"]), evidence.session.currency)),
            say(f"rfm.do.{s['segment']}"),
        ]
        for s in segments
    ]
    grid = Grid(head=[say("rfm.segment"), say("rfm.n"), say("rfm.minor"), say("rfm.do")], rows=body, numbers=(1, 2))
    return Figure(key="rfm-segments-figure", title=say("rfm.segments"), svgs=svgs, table=grid, legend=[(c, name) for name, c in kinds])
