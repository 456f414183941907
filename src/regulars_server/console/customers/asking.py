"""From the address of the list to the query behind it, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from regulars_server.serving.public import LIGHTS, SORTS, CustomerQuery

if TYPE_CHECKING:
    from django.http import QueryDict

PAGE = 50
LAST_OFFSET = 10_000_000
COLUMNS = ("light", "risk", "money_at_risk", "value", "revenue", "orders", "last_order", "country", "channel", "reasons")
"""Columns that can be shown beside the customer."""
SHOWN = ("light", "risk", "money_at_risk", "value", "revenue", "orders", "last_order")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address says: a query, and which columns to show. What it says wrongly is left out."""

    query: CustomerQuery
    columns: tuple[str, ...]

    def address(self, **changes: Any) -> str:
        """The list's address with some of the query changed."""
        return "?" + urlencode(self.parameters(**changes), doseq=True)

    def parameters(self, **changes: Any) -> list[tuple[str, str]]:
        """The parts of the address that differ from the usual ones."""
        query, usual = replace(self.query, **changes), CustomerQuery()
        pairs: list[tuple[str, str]] = [("light", light) for light in query.lights]
        named = (
            ("q", query.search, ""),
            ("country", query.country, ""),
            ("channel", query.channel, ""),
            ("min", _whole(query.min_revenue_minor), ""),
            ("max", _whole(query.max_revenue_minor), ""),
            ("risk", "" if query.min_risk is None else f"{100 * query.min_risk:g}", ""),
            ("since", query.ordered_since, ""),
            ("silent", query.silent_since, ""),
            ("sort", query.sort, usual.sort),
            ("way", "down" if query.descending else "up", "down"),
            ("from", str(query.offset), "0"),
        )
        pairs += [(name, value) for name, value, default in named if value != default]
        return pairs + ([("column", column) for column in self.columns] if self.columns != SHOWN else [])


def asked(given: QueryDict, *, people: bool) -> Asked:
    """The query of an address."""
    sort = given.get("sort", "")
    query = CustomerQuery(
        search=given.get("q", "").replace("\x00", "")[:200].strip(),
        lights=tuple(light for light in LIGHTS if light in given.getlist("light")),
        country=given.get("country", "").replace("\x00", "")[:100],
        channel=given.get("channel", "").replace("\x00", "")[:100],
        min_revenue_minor=_number(given.get("min", "")),
        max_revenue_minor=_number(given.get("max", "")),
        min_risk=None if (risk := _number(given.get("risk", ""), most=100)) is None else risk / 100,
        ordered_since=_day(given.get("since", "")),
        silent_since=_day(given.get("silent", "")),
        sort=sort if sort in SORTS and (people or sort != "name") else "money_at_risk",
        descending=given.get("way", "down") != "up",
        offset=min(_number(given.get("from", "")) or 0, LAST_OFFSET),
        limit=PAGE,
        people=people,
    )
    columns = tuple(column for column in COLUMNS if column in given.getlist("column"))
    return Asked(query, columns or SHOWN)


def _whole(number: int | None) -> str:
    return "" if number is None else str(number)


def _number(text: str, most: int = 10**15) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) and int(text) <= most else None


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 10 else ""
    except ValueError:
        return ""
