"""The charts of the review as Altair charts: plain rows in, a chart for one size out; texts come ready from the sections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.reports.drawing import MILLION, THOUSAND
from regulars.reports.language import THIN
from regulars.reports.theme import colour, heat_edges, heat_ink, heat_step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import altair as alt

    from regulars.reports.drawing import Drawn, Size

AXIS_SPACE = 46
"""Room for the labels of the y axis, equal in charts that stand above each other."""


def data_of(rows: Sequence[Mapping[str, Any]]) -> alt.Data:
    import altair as alt

    return alt.Data(values=[dict(row) for row in rows])  # type: ignore[no-untyped-call]


def thinned(labels: Sequence[str], size: Size, *, wide: int = 14, narrow: int = 6, first: bool = False) -> str:
    """A Vega expression that shows only as many labels as there is room for, always the last one (or the first)."""
    room = narrow if size.narrow else wide
    every = max(1, -(-len(labels) // room))
    shown = [label for i, label in enumerate(labels) if (i if first else len(labels) - 1 - i) % every == 0]
    return f"indexof({shown!r}, datum.value) >= 0 ? datum.label : ''"


def y_axis(labels: str = "datum.label", *, count: int = 4, space: int = AXIS_SPACE) -> alt.Axis:
    import altair as alt

    return alt.Axis(title=None, tickCount=count, minExtent=space, maxExtent=space, labelExpr=labels)


SHORT = (
    f"abs(datum.value) >= 1e6 ? format(datum.value / 1e6, '~f') + {MILLION} : "
    f"abs(datum.value) >= 1e4 ? format(datum.value / 1e3, '~f') + {THOUSAND} : format(datum.value, ',~f')"
)
"""Axis labels: thousands and millions are shortened."""
PER_CENT = f"format(100 * datum.value, '~f') + '{THIN}%'"


def level(rows: Sequence[Mapping[str, Any]], size: Size, *, height: int = 150) -> Drawn:
    """A level at the end of each window (`label`, `value`, `text`, `complete`), first and last one labelled."""
    import altair as alt

    labels = [r["label"] for r in rows]
    x = alt.X("label:O", sort=labels, axis=alt.Axis(title=None, labels=False, domain=False), scale=alt.Scale(type="band", padding=0.28))
    y = alt.Y("value:Q", axis=y_axis(SHORT, count=3), scale=alt.Scale(zero=True, nice=True))
    base = alt.Chart(data_of(rows)).encode(x=x, y=y)
    said = _said(rows, size)
    marked = alt.Chart(data_of(said)).encode(x=x, y=y)
    dots = marked.transform_filter("datum.complete").mark_circle(size=54, opacity=1, color=colour("blue"))
    open_ones = marked.transform_filter("!datum.complete").mark_point(size=54, color=colour("blue"), fill=colour("paper"), strokeWidth=1.75)
    texts = haloed(marked.encode(text="text:N"), dy=-14, fontWeight="bold", fontSize=12)
    area = base.mark_area(color=colour("band"), opacity=1, interpolate="linear")
    line = base.mark_line(color=colour("blue"))
    return alt.layer(area, line, dots, open_ones, *texts).properties(height=height)


def haloed(base: Any, **look: Any) -> list[Any]:
    """Letters with a rim in the colour of the card, so that a line behind them does not cross them out."""
    return [base.mark_text(stroke=colour("paper"), strokeWidth=4, strokeJoin="round", **look), base.mark_text(**look)]


def _said(rows: Sequence[Mapping[str, Any]], size: Size) -> list[Mapping[str, Any]]:
    if not size.narrow and len(rows) <= 16:
        return list(rows)
    picked = {0, len(rows) - 1} | ({len(rows) // 2} if len(rows) > 4 else set())
    return [row for i, row in enumerate(rows) if i in picked]


def flows(rows: Sequence[Mapping[str, Any]], size: Size, *, kinds: Sequence[tuple[str, str]], height: int = 210) -> Drawn:
    """What came and went in each window: bars above zero and below; `kinds` are (name, colour), `value` is signed, partial ones are pale."""
    import altair as alt

    labels = list(dict.fromkeys(r["label"] for r in rows))
    names = [name for name, _ in kinds]
    x = alt.X(
        "label:O",
        sort=labels,
        axis=alt.Axis(title=None, labelExpr=thinned(labels, size), labelOverlap=False, domain=False),
        scale=alt.Scale(padding=0.28),
    )
    bars = (
        alt.Chart(data_of(rows))
        .mark_bar(cornerRadius=1.5)
        .encode(
            x=x,
            y=alt.Y(
                "value:Q",
                axis=y_axis(SHORT.replace("datum.value,", "abs(datum.value),").replace("datum.value /", "abs(datum.value) /")),
                stack="zero",
            ),
            color=alt.Color("kind:N", scale=alt.Scale(domain=names, range=[colour(c) for _, c in kinds]), legend=None),
            order=alt.Order("order:Q"),
            opacity=alt.condition("datum.complete", alt.value(1), alt.value(0.4)),
        )
    )
    zero = alt.Chart(data_of([{"zero": 0}])).mark_rule(color=colour("axis")).encode(y="zero:Q")
    return alt.layer(bars, zero).properties(height=height)


def trend(
    rows: Sequence[Mapping[str, Any]],
    size: Size,
    *,
    axis: str = PER_CENT,
    height: int = 190,
    target: float | None = None,
    zero: bool = True,
) -> Drawn:
    """A rate by window with its interval as a band (`label`, `value`, `low`, `high`, `text`, `complete`); partial windows are hollow."""
    import altair as alt

    labels = [r["label"] for r in rows]
    x = alt.X(
        "label:O",
        sort=labels,
        axis=alt.Axis(title=None, labelExpr=thinned(labels, size), labelOverlap=False),
        scale=alt.Scale(type="point", padding=0.5),
    )
    y = alt.Y("value:Q", axis=y_axis(axis), scale=alt.Scale(zero=zero))
    known = [r for r in rows if r["value"] is not None]
    base = alt.Chart(data_of(known)).encode(x=x)
    layers: list[Any] = [
        base.transform_filter("datum.complete")
        .mark_area(color=colour("band"))
        .encode(y=alt.Y("low:Q", axis=y_axis(axis), scale=alt.Scale(zero=zero)), y2="high:Q"),
        base.transform_filter("datum.complete").mark_line(color=colour("blue")).encode(y=y),
        base.transform_filter("datum.complete").mark_circle(color=colour("blue"), size=34, opacity=1).encode(y=y),
        base.transform_filter("!datum.complete")
        .mark_point(color=colour("blue"), fill=colour("paper"), size=44, strokeWidth=1.75)
        .encode(y=y),
        *haloed(alt.Chart(data_of(_said(known, size))).encode(x=x, y=y, text="text:N"), dy=-13, fontSize=11.5),
    ]
    if target is not None:
        rule = alt.Chart(data_of([{"target": target}]))
        layers.append(rule.mark_rule(color=colour("green"), strokeDash=[5, 4], strokeWidth=1.5).encode(y="target:Q"))
    return alt.layer(*layers).properties(height=height)


def heat_map(
    rows: Sequence[Mapping[str, Any]],
    size: Size,
    *,
    row_titles: Sequence[str],
    column_titles: Sequence[str],
    axis_title: str,
    row_height: int = 30,
) -> Drawn:
    """Cells with their values written in them (`row`, `column`, `value`, `text`); a cell with `plain` set is left out of the colours."""
    import altair as alt

    edges = heat_edges([float(r["value"]) for r in rows if not r.get("plain")])
    cells = []
    for r in rows:
        step = 0 if r.get("plain") else heat_step(float(r["value"]), edges)
        cells.append({**r, "fill": "paper" if r.get("plain") else f"heat{step}", "ink": "soft" if r.get("plain") else heat_ink(step)})
    used = sorted({c["fill"] for c in cells} | {c["ink"] for c in cells})
    scale = alt.Scale(domain=used, range=[colour(name) for name in used])
    x = alt.X(
        "column:O",
        sort=list(column_titles),
        axis=alt.Axis(
            orient="top",
            title=axis_title,
            titleAnchor="start",
            domain=False,
            labelExpr=thinned(column_titles, size, wide=26, narrow=7),
            labelOverlap=False,
        ),
        scale=alt.Scale(paddingInner=0.06 if size.narrow else 0.05, paddingOuter=0),
    )
    y = alt.Y("row:O", sort=list(row_titles), axis=alt.Axis(title=None, labelPadding=6), scale=alt.Scale(paddingInner=0.07, paddingOuter=0))
    base = alt.Chart(data_of(cells)).encode(x=x, y=y)
    boxes = base.mark_rect(cornerRadius=2).encode(color=alt.Color("fill:N", scale=scale, legend=None))
    room = (size.width - 90) / max(1, len(column_titles))
    texts = base.mark_text(fontSize=_letter_size(room, rows)).encode(text="text:N", color=alt.Color("ink:N", scale=scale, legend=None))
    return alt.layer(boxes, texts).properties(height=row_height * len(row_titles))


def _letter_size(room: float, rows: Sequence[Mapping[str, Any]]) -> float:
    longest = max((len(str(r["text"])) for r in rows), default=1)
    return max(6.5, min(12.0, 1.62 * room / (longest + 1)))


def lines(
    rows: Sequence[Mapping[str, Any]], size: Size, *, kinds: Sequence[tuple[str, str]], axis: str = PER_CENT, height: int = 240
) -> Drawn:
    """Several rates by window (`label`, `kind`, `value`, `low`, `high`); each line is named at its end."""
    import altair as alt

    labels = list(dict.fromkeys(r["label"] for r in rows))
    names = [name for name, _ in kinds]
    scale = alt.Scale(domain=names, range=[colour(c) for _, c in kinds])
    x = alt.X(
        "label:O",
        sort=labels,
        axis=alt.Axis(title=None, labelExpr=thinned(labels, size, wide=12, narrow=5), labelOverlap=False),
        scale=alt.Scale(type="point", padding=0.5),
    )
    hue = alt.Color("kind:N", scale=scale, legend=None)
    base = alt.Chart(data_of([r for r in rows if r["value"] is not None])).encode(x=x, color=hue)
    bars = base.mark_rule(strokeWidth=5, opacity=0.28, strokeCap="round").encode(y=alt.Y("low:Q", axis=y_axis(axis)), y2="high:Q")
    drawn = base.mark_line().encode(y="value:Q")
    dots = base.mark_circle(size=38, opacity=1).encode(y="value:Q")
    ends = []
    for name in names:
        own = [r for r in rows if r["kind"] == name and r["value"] is not None]
        ends += own[-1:]
    said = haloed(alt.Chart(data_of(ends)).encode(x=x, y="value:Q", text="said:N"), dy=-15, fontSize=12, fontWeight="bold")
    return alt.layer(bars, drawn, dots, *said).properties(height=height)


def grid_map(rows: Sequence[Mapping[str, Any]], size: Size, *, x_title: str, y_title: str) -> Drawn:
    """A five by five map (`x`, `y`, `value`, `first`, `second`): the deeper the colour, the larger `value`; both texts stand in the cell."""
    import altair as alt

    depth = [max(0.0, float(r["value"])) ** 0.5 for r in rows]
    steps = [heat_step(d, heat_edges(depth)) for d in depth]
    cells = [{**r, "fill": f"heat{step}", "ink": heat_ink(step)} for r, step in zip(rows, steps, strict=True)]
    used = sorted({c["fill"] for c in cells} | {c["ink"] for c in cells})
    scale = alt.Scale(domain=used, range=[colour(name) for name in used])
    x = alt.X(
        "x:O",
        sort=["1", "2", "3", "4", "5"],
        axis=alt.Axis(title=x_title, domain=False),
        scale=alt.Scale(domain=["1", "2", "3", "4", "5"], paddingInner=0.04, paddingOuter=0),
    )
    y = alt.Y("y:O", axis=alt.Axis(title=y_title), scale=alt.Scale(domain=["5", "4", "3", "2", "1"], paddingInner=0.04, paddingOuter=0))
    base = alt.Chart(data_of(cells)).encode(x=x, y=y)
    boxes = base.mark_rect(cornerRadius=3).encode(color=alt.Color("fill:N", scale=scale, legend=None))
    ink = alt.Color("ink:N", scale=scale, legend=None)
    small = 11 if size.narrow else 12.5
    upper = base.mark_text(dy=-7, fontSize=small, fontWeight="bold").encode(text="first:N", color=ink)
    lower = base.mark_text(dy=9, fontSize=small - 1.5).encode(text="second:N", color=ink)
    return alt.layer(boxes, upper, lower).properties(height=270 if size.narrow else 330)


def ranked(
    rows: Sequence[Mapping[str, Any]], size: Size, *, kinds: Sequence[tuple[str, str]] = (), row_height: int = 26, space: int = 150
) -> Drawn:
    """Bars from the largest (`name`, `value`, `text`); with `kinds` two bars a name, told apart by colour and a legend on the page."""
    import altair as alt

    names = list(dict.fromkeys(r["name"] for r in rows))
    axis = alt.Axis(title=None, domain=False, labelLimit=space, minExtent=space, maxExtent=space)
    y = alt.Y("name:N", sort=names, axis=axis, scale=alt.Scale(paddingInner=0.3))
    top = max((float(r["value"]) for r in rows), default=1.0) or 1.0
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, top * (1.34 if size.narrow else 1.2)]))
    base = alt.Chart(data_of(rows))
    if kinds:
        order = [name for name, _ in kinds]
        hue = alt.Color("kind:N", scale=alt.Scale(domain=order, range=[colour(c) for _, c in kinds]), legend=None)
        offset = alt.YOffset("kind:N", sort=order)
        bars = base.mark_bar(cornerRadius=1.5).encode(x=x, y=y, yOffset=offset, color=hue)
        texts = base.mark_text(align="left", dx=5, fontSize=11).encode(x=x, y=y, yOffset=offset, text="text:N")
        return alt.layer(bars, texts).properties(height=row_height * 1.5 * len(names))
    bars = base.mark_bar(color=colour("blue"), cornerRadius=1.5).encode(x=x, y=y)
    texts = base.mark_text(align="left", dx=5, fontSize=12).encode(x=x, y=y, text="text:N")
    return alt.layer(bars, texts).properties(height=row_height * len(names))


def lorenz(rows: Sequence[Mapping[str, Any]], size: Size, *, marked: Sequence[Mapping[str, Any]], x_title: str, equal: str) -> Drawn:
    """Share of revenue by share of customers, best first (`x`, `y`), beside the line of equality; `marked` points carry their text."""
    import altair as alt

    x = alt.X("x:Q", axis=alt.Axis(title=x_title, labelExpr=PER_CENT, tickCount=5, domain=True), scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("y:Q", axis=y_axis(PER_CENT, count=5), scale=alt.Scale(domain=[0, 1]))
    curve = alt.Chart(data_of(rows)).encode(x=x, y=y)
    equality = (
        alt.Chart(data_of([{"x": 0, "y": 0}, {"x": 1, "y": 1}]))
        .mark_line(color=colour("axis"), strokeDash=[4, 4], strokeWidth=1.25)
        .encode(x=x, y=y)
    )
    said = (
        alt.Chart(data_of([{"x": 0.62, "y": 0.62, "text": equal}]))
        .mark_text(align="left", dx=8, dy=12, fontSize=11.5, color=colour("soft"))
        .encode(x=x, y=y, text="text:N")
    )
    points = alt.Chart(data_of(marked)).encode(x=x, y=y)
    dots = points.mark_circle(size=60, color=colour("orange"), opacity=1)
    texts = points.mark_text(align="left", dx=9, dy=11, fontSize=12, fontWeight="bold").encode(text="text:N")
    area = curve.mark_area(color=colour("band"), opacity=1)
    return alt.layer(area, equality, curve.mark_line(color=colour("blue")), said, dots, texts).properties(
        height=260 if size.narrow else 300
    )


def columns(
    rows: Sequence[Mapping[str, Any]], size: Size, *, axis: str = SHORT, height: int = 170, reference: float | None = None
) -> Drawn:
    """Upright bars (`label`, `value`, `text`, `peak`): the highest is dark and carries its value."""
    import altair as alt

    labels = [r["label"] for r in rows]
    x = alt.X(
        "label:O",
        sort=labels,
        axis=alt.Axis(title=None, labelExpr=thinned(labels, size, wide=12, narrow=12, first=True), labelOverlap=False, labelFontSize=11),
        scale=alt.Scale(padding=0.25),
    )
    y = alt.Y("value:Q", axis=y_axis(axis, count=3, space=40))
    base = alt.Chart(data_of(rows)).encode(x=x, y=y)
    bars = base.mark_bar(cornerRadius=1.5).encode(color=alt.condition("datum.peak", alt.value(colour("blue")), alt.value(colour("sky"))))
    texts = base.transform_filter("datum.peak").mark_text(dy=-8, fontSize=12, fontWeight="bold").encode(text="text:N")
    layers: list[Any] = [bars, texts]
    if reference is not None:
        layers.append(alt.Chart(data_of([{"at": reference}])).mark_rule(color=colour("faint"), strokeDash=[4, 4]).encode(y="at:Q"))
    return alt.layer(*layers).properties(height=height)


def ranges(rows: Sequence[Mapping[str, Any]], size: Size, *, axis: str = SHORT, space: int = 120) -> Drawn:
    """A value with its range, one under the other (`name`, `value`, `low`, `high`, `text`)."""
    import altair as alt

    names = [r["name"] for r in rows]
    top = max(float(r["high"]) for r in rows)
    low = min(0.0, *(float(r["low"]) for r in rows))
    y = alt.Y("name:N", sort=names, axis=alt.Axis(title=None, domain=False, labelLimit=space, minExtent=space, maxExtent=space))
    scale = alt.Scale(domain=[low, top * 1.08 if top > 0 else 1])
    base = alt.Chart(data_of(rows)).encode(y=y)
    bars = base.mark_bar(height=12, color=colour("band"), cornerRadius=6).encode(
        x=alt.X("low:Q", axis=alt.Axis(title=None, labelExpr=axis, tickCount=3 if size.narrow else 5, grid=True), scale=scale), x2="high:Q"
    )
    dots = base.mark_circle(size=90, color=colour("blue"), opacity=1).encode(x=alt.X("value:Q", scale=scale))
    texts = base.mark_text(dy=-16, fontSize=12, fontWeight="bold").encode(x=alt.X("value:Q", scale=scale), text="text:N")
    return alt.layer(bars, dots, texts).properties(height=58 * len(rows))
