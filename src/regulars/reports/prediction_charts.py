"""The charts about predictions: value against risk, the forecast's fan, what was said against what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.reports.charts import PER_CENT, SHORT, data_of, haloed, thinned, y_axis
from regulars.reports.theme import colour, heat_edges, heat_step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.reports.drawing import Drawn, Size

FAN = ((95, 0.16), (80, 0.26), (50, 0.40))
"""Bands of a forecast in per cent, and how much of the colour each takes."""


def value_against_risk(
    cells: Sequence[Mapping[str, Any]], size: Size, *, called: Sequence[Mapping[str, Any]], x_title: str, y_title: str
) -> Drawn:
    """How many customers have which risk and value.

    `cells` carry `x`, `x2` (risk), `y`, `y2` (value in major units, above zero, drawn on a log scale) and `count`; `called` are numbered points (`x`, `y`, `text`).
    """
    import altair as alt

    depth = [float(c["count"]) ** 0.5 for c in cells]
    edges = heat_edges(depth)
    filled = [{**c, "fill": f"heat{max(1, heat_step(d, edges))}"} for c, d in zip(cells, depth, strict=True)]
    used = sorted({c["fill"] for c in filled})
    scale = alt.Scale(domain=used, range=[colour(name) for name in used])
    x = alt.X(
        "x:Q",
        axis=alt.Axis(title=x_title, labelExpr=PER_CENT, tickCount=3 if size.narrow else 5, grid=False),
        scale=alt.Scale(domain=[0, 1]),
    )
    ends = [min((float(c["y"]) for c in cells), default=1.0), max((float(c["y2"]) for c in cells), default=10.0)]
    y_scale = alt.Scale(type="log", domain=ends, nice=False)
    y = alt.Y("y:Q", axis=alt.Axis(title=y_title, labelExpr=SHORT, values=_powers(*ends), grid=False), scale=y_scale)
    boxes = (
        alt.Chart(data_of(filled))
        .mark_rect(stroke=colour("paper"), strokeWidth=1)
        .encode(x=x, x2="x2:Q", y=y, y2="y2:Q", color=alt.Color("fill:N", scale=scale, legend=None))
    )
    points = alt.Chart(data_of(called)).encode(x=x, y=y)
    dots = points.mark_circle(size=150 if size.narrow else 210, color=colour("orange"), opacity=1)
    texts = points.mark_text(fontSize=9 if size.narrow else 11, fontWeight="bold", color=colour("paper")).encode(text="text:N")
    return alt.layer(boxes, dots, texts).properties(height=280 if size.narrow else 340)


def _powers(low: float, high: float) -> list[float]:
    """Round numbers for a log axis: 1, 3, 10, 30, ...

    >>> _powers(0.9, 40)
    [1.0, 3.0, 10.0, 30.0]
    """
    import math

    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [v for power in range(first, last + 1) for v in (10.0**power, 3 * 10.0**power) if low <= v <= high]


def fan(past: Sequence[Mapping[str, Any]], ahead: Sequence[Mapping[str, Any]], size: Size, *, height: int = 190) -> Drawn:
    """What was (`label`, `value`) and what is expected (`label`, `value`, `low50`, `high50`, `low80`, ...): the wider the band, the surer it holds."""
    import altair as alt

    labels = list(dict.fromkeys([r["label"] for r in (*past, *ahead)]))
    x = alt.X(
        "label:O",
        sort=labels,
        axis=alt.Axis(title=None, labelExpr=thinned(labels, size, wide=12, narrow=4), labelOverlap=False),
        scale=alt.Scale(type="point", padding=0.5),
    )
    y_scale = alt.Scale(zero=True, nice=True)
    bridge = [
        {"label": past[-1]["label"], "value": past[-1]["value"], **{f"{end}{band}": past[-1]["value"] for band, _ in FAN for end in ("low", "high")}}
    ] if past else []  # fmt: skip
    later = alt.Chart(data_of([*bridge, *ahead])).encode(x=x)
    layers: list[Any] = [
        later.mark_area(color=colour("blue"), opacity=strength).encode(
            y=alt.Y(f"low{band}:Q", axis=y_axis(SHORT, count=3), scale=y_scale), y2=f"high{band}:Q"
        )
        for band, strength in FAN
    ]
    layers.append(later.mark_line(color=colour("blue"), strokeDash=[5, 4]).encode(y=alt.Y("value:Q", scale=y_scale)))
    before = alt.Chart(data_of(past)).encode(x=x, y=alt.Y("value:Q", axis=y_axis(SHORT, count=3), scale=y_scale))
    layers += [before.mark_line(color=colour("ink")), before.mark_circle(color=colour("ink"), size=30, opacity=1)]
    said = [r for r in (*past[-1:], *ahead[-1:]) if "text" in r]
    layers += haloed(alt.Chart(data_of(said)).encode(x=x, y=alt.Y("value:Q", scale=y_scale), text="text:N"), dy=-14, fontSize=12)
    return alt.layer(*layers).properties(height=height)


def said_and_happened(rows: Sequence[Mapping[str, Any]], size: Size, *, x_title: str, y_title: str) -> Drawn:
    """Groups of customers by what was said of them (`x`) and what happened (`y` with `low`, `high`); on the diagonal both agree."""
    import altair as alt

    unit = alt.Scale(domain=[0, 1])
    x = alt.X("x:Q", axis=alt.Axis(title=x_title, labelExpr=PER_CENT, tickCount=3 if size.narrow else 5), scale=unit)
    y = alt.Y("y:Q", axis=alt.Axis(title=y_title, labelExpr=PER_CENT, tickCount=5), scale=unit)
    diagonal = (
        alt.Chart(data_of([{"x": 0, "y": 0}, {"x": 1, "y": 1}])).mark_line(color=colour("axis"), strokeDash=[4, 4], strokeWidth=1.25).encode(x=x, y=y)
    )  # fmt: skip
    base = alt.Chart(data_of(rows)).encode(x=x)
    bars = base.mark_rule(color=colour("blue"), strokeWidth=5, opacity=0.28, strokeCap="round").encode(
        y=alt.Y("low:Q", scale=unit), y2="high:Q"
    )
    dots = base.mark_circle(color=colour("blue"), size=60, opacity=1).encode(y=y)
    return alt.layer(diagonal, bars, dots).properties(height=260 if size.narrow else 280)


def by_light(rows: Sequence[Mapping[str, Any]], size: Size, *, axis: str = PER_CENT, space: int = 96) -> Drawn:
    """A value with its interval for each light (`name`, `hue`, `value`, `low`, `high`, `text`), named in words beside its colour."""
    import altair as alt

    names = [r["name"] for r in rows]
    hues = [r["hue"] for r in rows]
    y = alt.Y("name:N", sort=names, axis=alt.Axis(title=None, domain=False, labelLimit=space, minExtent=space, maxExtent=space))
    top = max((float(r["high"]) for r in rows), default=1.0) or 1.0
    x_scale = alt.Scale(domain=[0, min(1.0, top * 1.1) if axis == PER_CENT else top * 1.15])
    hue = alt.Color("name:N", scale=alt.Scale(domain=names, range=[colour(h) for h in hues]), legend=None)
    base = alt.Chart(data_of(rows)).encode(y=y)
    ticks = 3 if size.narrow else 5
    bars = base.mark_bar(height=14, cornerRadius=2).encode(
        x=alt.X("value:Q", axis=alt.Axis(title=None, labelExpr=axis, tickCount=ticks, grid=True), scale=x_scale), color=hue
    )
    spans = base.mark_rule(color=colour("ink"), strokeWidth=1.75).encode(x=alt.X("low:Q", scale=x_scale), x2="high:Q")
    texts = base.mark_text(dy=-17, align="left", fontSize=12, fontWeight="bold").encode(x=alt.XDatum(0), text="text:N")
    return alt.layer(bars, spans, texts).properties(height=54 * len(rows))
