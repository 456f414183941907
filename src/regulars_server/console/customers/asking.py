"""From the address of the list to the query behind it, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from regulars import money
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
    currency: str | None = None
    """In which sums are named."""

    @property
    def least_revenue(self) -> str:
        """The least revenue that was asked for, as people write it."""
        return _written(self.query.min_revenue_minor, self.currency)

    @property
    def most_revenue(self) -> str:
        """The most revenue that was asked for, as people write it."""
        return _written(self.query.max_revenue_minor, self.currency)

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
            ("min", _written(query.min_revenue_minor, self.currency), ""),
            ("max", _written(query.max_revenue_minor, self.currency), ""),
            ("risk", "" if query.min_risk is None else f"{100 * query.min_risk:g}", ""),
            ("since", query.ordered_since, ""),
            ("silent", query.silent_since, ""),
            ("sort", query.sort, usual.sort),
            ("way", "down" if query.descending else "up", "down"),
            ("from", str(query.offset), "0"),
        )
        pairs += [(name, value) for name, value, default in named if value != default]
        return pairs + ([("column", column) for column in self.columns] if self.columns != SHOWN else [])


def asked(given: QueryDict, *, people: bool, currency: str | None = None) -> Asked:
    """The query of an address; sums in it are of a currency, such as 12.50 EUR."""
    sort = given.get("sort", "")
    query = CustomerQuery(
        search=given.get("q", "").replace("\x00", "")[:200].strip(),
        lights=tuple(light for light in LIGHTS if light in given.getlist("light")),
        country=given.get("country", "").replace("\x00", "")[:100],
        channel=given.get("channel", "").replace("\x00", "")[:100],
        min_revenue_minor=_minor(given.get("min", ""), currency),
        max_revenue_minor=_minor(given.get("max", ""), currency),
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
    return Asked(query, columns or SHOWN, currency)


def _decimals(currency: str | None) -> int:
    return money.exponent(currency) if currency else 2


def _written(minor: int | None, currency: str | None) -> str:
    return "" if minor is None else f"{Decimal(minor).scaleb(-_decimals(currency)):f}"


def _minor(text: str, currency: str | None) -> int | None:
    if not re.fullmatch(r"[0-9]{1,12}([.,][0-9]{1,6})?", text):
        return None
    return int(Decimal(text.replace(",", ".")).scaleb(_decimals(currency)).to_integral_value(ROUND_HALF_UP))


def _number(text: str, most: int = 10**15) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) and int(text) <= most else None


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 10 else ""
    except ValueError:
        return ""
