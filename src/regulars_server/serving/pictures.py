"""The library's charts as SVG files that a page under a strict policy can show: colours written out, light and dark, no style attributes."""

from __future__ import annotations

import html
import re

from regulars.reports import theme

_DARK = {light.lower(): dark for light, dark in theme.PALETTE.values()}
_PAINT = re.compile(r'\b(fill|stroke|stop-color)="(#[0-9a-fA-F]{6})"')
_BOX = re.compile(r'viewBox="([^"]+)"')


def picture(svg: str, *, dark: bool) -> str:
    """One of the library's charts as a document of its own, in light or dark colours."""
    text = re.sub(r' (?:style|class|role|aria-labelledby)="[^"]*"', "", svg)
    if dark:
        text = _PAINT.sub(lambda found: f'{found.group(1)}="{_DARK.get(found.group(2).lower(), found.group(2))}"', text)
    width, height = size(svg)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}" height="{height}" font-family="{theme.FONT}"'
    return text.replace("<svg", head, 1)


def size(svg: str) -> tuple[int, int]:
    """Width and height of a chart."""
    found = _BOX.search(svg)
    assert found is not None
    _, _, width, height = (float(part) for part in found.group(1).split())
    return round(width), round(height)


def described(svg: str) -> str:
    """What a chart shows, in words: its title and description."""
    parts = [found.group(1) for name in ("title", "desc") if (found := re.search(rf"<{name}\b[^>]*>(.*?)</{name}>", svg, re.DOTALL))]
    return html.unescape(". ".join(part.strip(" .") for part in parts))


def spark(svg: str) -> str:
    """One of the library's small trend lines, to stand inside a page; its colours are classes of the house look."""
    return svg.replace('class="s-blue partial"', 'class="s-blue" stroke-dasharray="3 3"')
