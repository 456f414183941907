"""How charts look: a palette that colour-blind readers can tell apart, one Vega configuration, and SVG whose colours follow the page.

Charts are drawn once with the light colours. In the SVG every palette colour is then named by a class, so that the page's style sheet
decides: light, dark or on paper.
"""

from __future__ import annotations

import html
import re
from typing import Any

# After Okabe & Ito (2008), "Color Universal Design": blue and orange carry the meaning, everything else is a shade of grey.
PALETTE: dict[str, tuple[str, str]] = {
    "ink": ("#1a2027", "#e8ebee"),
    "soft": ("#55606b", "#a9b3bd"),
    "faint": ("#7d8791", "#7f8a95"),
    "grid": ("#e9ecef", "#2a323a"),
    "axis": ("#b9c1c9", "#4b5661"),
    "paper": ("#fefefe", "#171c21"),
    "blue": ("#0668a7", "#5db4ec"),
    "sky": ("#62a5d4", "#2f7fb5"),
    "orange": ("#cf5b0a", "#f0914a"),
    "amber": ("#d98e2b", "#a8672b"),
    "green": ("#00825f", "#3fc39b"),
    "red": ("#b3261e", "#f07a70"),
    "grey": ("#c3cad1", "#56616c"),
    "band": ("#d5e6f3", "#1f3a50"),
    "heat0": ("#f1f5f9", "#1d252d"),
    "heat1": ("#e0ebf4", "#1c3042"),
    "heat2": ("#c8dded", "#1c3d58"),
    "heat3": ("#a5c9e2", "#1f4f74"),
    "heat4": ("#74aed4", "#286592"),
    "heat5": ("#2f7aaf", "#448dc0"),
    "heat6": ("#1b689f", "#63a4d2"),
    "heat7": ("#0d517f", "#89bfe4"),
    "heat8": ("#083a5e", "#b8dcf6"),
    "onlow": ("#1b2128", "#e9ecef"),
    "onhigh": ("#fdfdfd", "#0c141b"),
}
"""Name to (light, dark). The light ones are all different, which is how they are found again in the SVG."""

HEAT_STEPS = 9
FONT = "Arial, Liberation Sans, Helvetica, sans-serif"


def colour(name: str) -> str:
    """The colour to draw with."""
    return PALETTE[name][0]


def heat_step(value: float, edges: tuple[float, ...]) -> int:
    """Which of the nine steps `value` has; `edges` are the eight borders between them."""
    return sum(value >= edge for edge in edges)


def heat_edges(values: list[float]) -> tuple[float, ...]:
    """Eight borders at equal distances between the least and the 98th hundredth, so that one giant does not bleach the others."""
    if not values:
        return tuple(float(i) for i in range(1, HEAT_STEPS))
    ordered = sorted(values)
    low, high = ordered[0], ordered[min(len(ordered) - 1, int(0.98 * len(ordered)))]
    if high <= low:
        high = low + 1.0
    return tuple(low + (high - low) * i / HEAT_STEPS for i in range(1, HEAT_STEPS))


def heat_ink(step: int) -> str:
    """The colour of letters on a step, dark or light: contrast is at least 4.5 to 1."""
    return "onhigh" if step >= 5 else "onlow"


def style_sheet() -> str:
    """The palette as CSS variables for light, dark and paper, and the classes that charts use."""
    light = "".join(f"--{name}:{pair[0]};" for name, pair in PALETTE.items())
    dark = "".join(f"--{name}:{pair[1]};" for name, pair in PALETTE.items())
    classes = "".join(f".f-{name}{{fill:var(--{name})}}.s-{name}{{stroke:var(--{name})}}" for name in PALETTE)
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}{classes}"


def configuration() -> dict[str, Any]:
    """The Vega-Lite configuration shared by all charts."""
    text = {
        "labelFont": FONT,
        "titleFont": FONT,
        "labelColor": colour("soft"),
        "titleColor": colour("soft"),
        "labelFontSize": 12,
        "titleFontSize": 12,
    }
    return {
        "aria": False,
        "background": "transparent",
        "padding": 2,
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            **text,
            "titleFontWeight": "normal",
            "gridColor": colour("grid"),
            "domain": False,
            "ticks": False,
            "labelPadding": 8,
            "titlePadding": 10,
        },
        "axisX": {"grid": False, "labelAngle": 0, "domain": True, "domainColor": colour("axis")},
        "text": {"font": FONT, "fontSize": 12, "color": colour("ink")},
        "line": {"strokeWidth": 2.25, "strokeCap": "round", "strokeJoin": "round"},
    }


_CODES = {pair[0]: name for name, pair in PALETTE.items()}
_TAG = re.compile(r"<(path|rect|line|text|circle|g)\b([^>]*?)(/?)>")
_PAINT = re.compile(r'\b(fill|stroke)="(#[0-9a-fA-F]{6})"')
_NOISE = re.compile(r' (?:aria-[a-z]+|role|pointer-events|xmlns(?::\w+)?|version|font-family)="[^"]*"')
_EMPTY = re.compile(
    r'<path class="(?:background|foreground)"[^>]*display="none"[^>]*/>|<path class="background"[^>]*d="M0,0h0v0h0Z"[^>]*/>'
)
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_INSIDE_TAG = re.compile(r"<[^>]*>")
"""Texts are left alone: 9.110 is nine thousand in German."""


def clean_svg(svg: str, *, title: str, description: str, key: str, variant: str) -> str:
    """The renderer's SVG made fit for the page: palette classes instead of fixed colours, no addresses, title and description for screen readers."""
    svg = _NOISE.sub("", _EMPTY.sub("", svg))
    svg = _INSIDE_TAG.sub(lambda tag: _NUMBER.sub(_rounded, tag.group()), svg)
    svg = re.sub(r' class="(?:mark-|background|foreground)[^"]*"', "", svg)
    svg = _TAG.sub(_with_classes, svg)
    box = re.search(r'viewBox="([^"]+)"', svg)
    assert box is not None
    width = float(box.group(1).split()[2])
    head = (
        f'<svg class="chart {variant}" viewBox="{box.group(1)}" style="max-width:{width * 1.2:.0f}px" role="img" aria-labelledby="{key}-t {key}-d">'
        f'<title id="{key}-t">{html.escape(title)}</title><desc id="{key}-d">{html.escape(description)}</desc>'
    )
    return re.sub(r"^<svg\b[^>]*>", lambda _: head, svg, count=1)


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number.group()):.2f}".rstrip("0").rstrip(".")


def _with_classes(found: re.Match[str]) -> str:
    tag, attributes, closing = found.groups()
    classes = [
        f"{'f' if kind == 'fill' else 's'}-{_CODES[code.lower()]}" for kind, code in _PAINT.findall(attributes) if code.lower() in _CODES
    ]
    if not classes:
        return found.group()
    return f'<{tag} class="{" ".join(classes)}"{attributes}{closing}>'
