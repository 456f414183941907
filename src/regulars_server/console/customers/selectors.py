"""The list of customers, ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language

from regulars import money
from regulars.reports.language import Amount
from regulars_server.serving import public as serving

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from regulars_server.console.customers.asking import Asked
    from regulars_server.serving.public import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A customer in the list: texts, ready to read. `who` is a name only where names may be seen."""

    reference: str
    who: str
    contact: str
    cells: Sequence[tuple[str, str]]
    """Column and text; lights as their code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of the list."""

    page: Page
    rows: Sequence[Row]
    first: int
    last: int
    previous: str
    next: str
    total_shown: str
    as_of_shown: str


def listed(asked: Asked) -> Listed | None:
    """The page that was asked for; None where nothing was built yet."""
    page = serving.customers(asked.query)
    if page is None:
        return None
    rows = [_row(row, asked.columns, page.built.currency, people=asked.query.people) for row in page.rows]
    query = asked.query
    return Listed(
        page=page,
        rows=rows,
        first=query.offset + 1 if rows else 0,
        last=query.offset + len(rows),
        previous=asked.address(offset=max(0, query.offset - query.limit)) if query.offset else "",
        next=asked.address(offset=query.offset + query.limit) if page.has_more else "",
        total_shown=_words().count(page.total),
        as_of_shown=_words().day(page.built.last_day),
    )


def _row(row: Mapping[str, Any], columns: Sequence[str], currency: str | None, *, people: bool) -> Row:
    name = (row["name"] or row["email"] or row["customer_id"]) if people else ""
    contact = (row["email"] or row["phone"] or "") if people else ""
    return Row(
        reference=row["reference"],
        who=name,
        contact=contact if contact != name else "",
        cells=[(column, shown(column, row, currency)) for column in columns],
    )


def shown(column: str, row: Mapping[str, Any], currency: str | None) -> str:
    """A cell in the reader's language; empty where nothing is known."""
    match column:
        case "light":
            return str(row["light"] or "unknown")
        case "risk":
            return "" if row["churn_risk"] is None else _words().percent(row["churn_risk"], 0)
        case "money_at_risk":
            return amount(row["money_at_risk_minor"], currency)
        case "value":
            return amount(row["clv_minor"], currency)
        case "revenue":
            return amount(row["value_minor"], currency)
        case "orders":
            return _words().count(row["orders"] or 0)
        case "last_order":
            return day(row["last_order_on"])
        case "country":
            return str(row["country"] or "")
        case "channel":
            return str(row["acquisition_channel"] or "")
        case _:
            return " ".join(reasons(row, currency))


def reasons(row: Mapping[str, Any], currency: str | None) -> list[str]:
    """Why a customer has their light, in sentences."""
    return [serving.reason(kept, currency, get_language()) for kept in row["reasons"]]


def amount(minor: int | None, currency: str | None) -> str:
    """Minor units of the reporting currency as money."""
    if minor is None:
        return ""
    return _words().amount(Amount(money.to_major(minor, currency) if currency else minor / 100, currency))


def day(value: date | None) -> str:
    """A date in words."""
    return "" if value is None else _words().day(value)


def _words():  # noqa: ANN202 - the library's Language
    return serving.language(get_language())
