"""What goes in and out of this app, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIGHTS = ("red", "amber", "green", "new", "lapsed", "unknown")
SORTS = ("money_at_risk", "risk", "value", "score", "revenue", "orders", "last_order", "first_order", "name")
"""By what lists may be sorted; a name only for who may see people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerQuery:
    """Which customers, in which order, from which place on. `people` says whether names may be searched and sorted by."""

    search: str = ""
    lights: tuple[str, ...] = ()
    country: str = ""
    channel: str = ""
    min_revenue_minor: int | None = None
    max_revenue_minor: int | None = None
    min_risk: float | None = None
    ordered_since: str = ""
    """A date as 2026-01-31: the last order on it or later."""
    silent_since: str = ""
    """A date: no order on it or later."""
    sort: str = "money_at_risk"
    descending: bool = True
    offset: int = 0
    limit: int = 50
    people: bool = True

    def as_logged(self) -> dict[str, Any]:
        """The query for the audit log: of the words that were searched it says only that there were some."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name not in {"search", "people"}}
        kept = {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items() if value not in {"", None, ()}}
        return {**kept, "searched": bool(self.search)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A finished build: what it is as of and what it holds."""

    as_of: datetime
    built_at: datetime
    seconds: float
    customers: int
    entries: int
    loads: int
    latest_load: str
    currency: str | None
    zone: str
    """The company's time zone."""
    predicted_on: str | None = None

    @property
    def last_day(self) -> date:
        """The last local day that is in the numbers, whole or in part."""
        return (self.as_of - timedelta(microseconds=1)).astimezone(ZoneInfo(self.zone)).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some customers of a list: rows as plain values, how many there are in all, and what the numbers are as of."""

    rows: Sequence[Mapping[str, Any]]
    total: int
    query: CustomerQuery
    built: Built

    @property
    def has_more(self) -> bool:
        """Whether a further page follows."""
        return self.query.offset + len(self.rows) < self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that happened to a customer. `kind` is the event's name, the order's kind, the message's step and so on."""

    occurred_at: datetime
    identity: str
    account: str | None
    table: str
    kind: str
    amount_minor: int | None
    currency: str | None
    detail: Mapping[str, Any]
    source: str
    row_key: str
    load_id: str
    cursor: str
    """Give it as `before` to get what comes after this entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewTile:
    """A key figure, ready to read in one language."""

    label: str
    value: str
    unit: str = ""
    window: str = ""
    interval: str = ""
    lines: Sequence[str] = ()
    verdict: str = ""
    undefined: str = ""
    spark: str = ""
    """SVG with the classes of the house look; made by us of numbers and escaped words, safe to show as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewChart:
    """A chart: its message as the title, and the same numbers as a table; the pictures are files of their own."""

    key: str
    title: str
    subtitle: str
    legend: Sequence[tuple[str, str]]
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int]
    parts: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    """One for each picture: `wide` and `narrow` names of files (light; dark ones end in `-dark`), width and height of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The first page's numbers in one language."""

    as_of: datetime
    built_at: datetime
    language: str
    currency: str | None
    heading: str
    sentence: str
    explanation: str
    caveats: Sequence[str]
    last_day: str
    folder: str
    """Where the charts of this overview lie."""
    tiles: Sequence[OverviewTile]
    charts: Sequence[OverviewChart]
