"""From a chart to a figure of the page: drawn at build time for a wide page and for a phone, with the same numbers as a table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from regulars.reports import theme
from regulars.reports.language import MINUS, THIN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import altair as alt

    from regulars.reports.language import Language

    Drawn = alt.LayerChart | alt.FacetChart

THOUSAND, MILLION = "'thousands'", "'millions'"
"""What stands in the expression of an axis label for the language's own words."""
LETTER = 6
"""CSS pixels that a letter of an axis label takes."""


@dataclass(frozen=True, slots=True)
class Size:
    """The space of a drawing: `width` in CSS pixels, and whether it is for a phone."""

    width: int
    narrow: bool


WIDE, HALF, NARROW = Size(880, narrow=False), Size(430, narrow=False), Size(326, narrow=True)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of ready texts: its head, its rows, and which columns hold numbers (aligned right)."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    note: str = ""
    stacked: bool = False
    """On a phone each row stands as a block of its own, the heads beside the cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart with the message as its title, what it shows, its SVGs, and the same numbers as a table."""

    key: str
    title: str
    subtitle: str = ""
    svgs: tuple[str, ...] = ()
    table: Grid | None = None
    legend: Sequence[tuple[str, str]] = field(default_factory=tuple)
    """Colour and what it means."""
    note: str = ""


def draw(
    key: str,
    build: Callable[[Size], Drawn],
    *,
    language: Language,
    title: str,
    description: str,
    sizes: Sequence[Size] = (WIDE, NARROW),
) -> tuple[str, ...]:
    """The chart as SVG, once for each size, its axes in the notation of the language; nothing is fetched."""
    return tuple(
        _svg(build(size), size, language, title=title, description=description, key=f"{key}-{'n' if size.narrow else 'w'}")
        for size in sizes
    )


def _svg(chart: Any, size: Size, language: Language, *, title: str, description: str, key: str) -> str:
    import vl_convert

    spec: dict[str, Any] = _with_magnitudes(chart.to_dict(validate=False), language)
    spec["config"] = theme.configuration()
    spec["width"] = size.width
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    notation = {"decimal": language.decimal, "thousands": language.thousands, "grouping": [3], "currency": ["", ""], "minus": MINUS}
    svg = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[], format_locale=notation)
    return theme.clean_svg(
        svg, title=title, description=description, key=re.sub(r"[^a-z0-9-]", "-", key), variant="narrow" if size.narrow else "wide"
    )


def _with_magnitudes(spec: Any, language: Language) -> Any:
    """The labels of axes with the language's own words for a thousand and a million, and room for these."""
    if isinstance(spec, list):
        return [_with_magnitudes(part, language) for part in spec]
    if not isinstance(spec, dict):
        return spec
    found = {name: _with_magnitudes(part, language) for name, part in spec.items()}
    if isinstance(labels := found.get("labelExpr"), str):
        thousand, million, _ = language.magnitudes
        found["labelExpr"] = labels.replace(THOUSAND, f"'{THIN}{thousand}'").replace(MILLION, f"'{THIN}{million}'")
        more = LETTER * (max(len(thousand), len(million)) - 1)
        found |= {name: found[name] + more for name in ("minExtent", "maxExtent") if name in found}
    return found


def sparkline(values: Sequence[float | None], *, complete: Sequence[bool], title: str) -> str:
    """A small trend line: the last complete value is a dot, partial ones are dashed."""
    import html

    known = [v for v in values if v is not None]
    if len(known) < 2:
        return ""
    width, height, pad = 220.0, 48.0, 5.0
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = (width - 2 * pad) / max(1, len(values) - 1)
    places = [
        (pad + i * step, height - pad - (v - low) / span * (height - 2 * pad)) if v is not None else None for i, v in enumerate(values)
    ]
    whole = [p if done else None for p, done in zip(places, complete, strict=True)]
    lines = "".join(f'<polyline class="s-blue" points="{points}"/>' for points in _runs(whole))
    last = max((i for i, p in enumerate(whole) if p is not None), default=None)
    rest = "" if last is None else "".join(f'<polyline class="s-blue partial" points="{p}"/>' for p in _runs(places[last:]))
    spot = whole[last] if last is not None else None
    dot = "" if spot is None else f'<circle class="f-blue" cx="{spot[0]:.1f}" cy="{spot[1]:.1f}" r="3"/>'
    return (
        f'<svg class="spark" viewBox="0 0 {width:.0f} {height:.0f}" role="img"><title>{html.escape(title)}</title>{lines}{rest}{dot}</svg>'
    )


def _runs(places: Sequence[tuple[float, float] | None]) -> list[str]:
    runs: list[list[str]] = [[]]
    for place in places:
        if place is None:
            runs.append([])
        else:
            runs[-1].append(f"{place[0]:.1f},{place[1]:.1f}")
    return [" ".join(run) for run in runs if len(run) > 1]
