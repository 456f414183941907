"""What a page is made of: sections with paragraphs and blocks; the template knows how each kind looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.reports.drawing import Figure, Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that is read, not only looked up: a title in words and its rows."""

    title: str
    grid: Grid
    intro: str = ""
    note: str = ""
    kind: str = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A figure on the page."""

    figure: Figure
    kind: str = "chart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Blocks side by side where there is room."""

    blocks: Sequence[Block]
    kind: str = "pair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A key figure: its value, its interval, its trend and what it is compared with."""

    label: str
    value: str
    unit: str = ""
    window: str = ""
    interval: str = ""
    spark: str = ""
    lines: Sequence[str] = ()
    """Comparison, target and remarks, each ready to read."""
    verdict: str = ""
    """"good", "bad" or nothing: how it moved, always said in words as well."""
    undefined: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """Key figures beside each other."""

    tiles: Sequence[Tile]
    kind: str = "tiles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A finding: the message, the money with its interval, what it rests on, what to do."""

    title: str
    amount: str
    amount_means: str
    interval: str
    evidence: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """Findings beside each other, by money at stake."""

    cards: Sequence[Card]
    kind: str = "cards"


Block = Table | Chart | Pair | Tiles | Cards


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the review: what it is about, the message as its title, words and blocks; `missing` alone where there are no data."""

    key: str
    kicker: str
    title: str = ""
    paragraphs: Sequence[str] = ()
    blocks: Sequence[Block] = ()
    notes: Sequence[str] = field(default_factory=tuple)
    missing: str = ""
    appendix: bool = False
