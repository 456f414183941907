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

    from regulars_server.console.customers.asking import Asked
    from regulars_server.serving.public import Page


READ = {
    "light": "light",
    "risk": "churn_risk",
    "money_at_risk": "money_at_risk_minor",
    "value": "clv_minor",
    "revenue": "value_minor",
    "orders": "orders",
    "last_order": "last_order_on",
    "country": "country",
    "channel": "acquisition_channel",
    "reasons": "reasons",
}
"""What each column shows of the serving file."""
MONEY = frozenset({"money_at_risk", "value", "revenue"})


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
    page = serving.customers(asked.query, columns=[READ[column] for column in asked.columns])
    if page is None:
        return None
    show = Cells(page.built.currency)
    rows = [_row(row, asked.columns, show, people=asked.query.people) for row in page.rows]
    query, words = asked.query, serving.language(get_language())
    return Listed(
        page=page,
        rows=rows,
        first=query.offset + 1 if rows else 0,
        last=query.offset + len(rows),
        previous=asked.address(offset=max(0, query.offset - query.limit)) if query.offset else "",
        next=asked.address(offset=query.offset + query.limit) if page.has_more else "",
        total_shown=words.count(page.total),
        as_of_shown=words.day(page.built.last_day),
    )


def _row(row: Mapping[str, Any], columns: Sequence[str], show: Cells, *, people: bool) -> Row:
    name = (row["name"] or row["email"] or row["customer_id"]) if people else ""
    contact = (row["email"] or row["phone"] or "") if people else ""
    return Row(
        reference=row["reference"],
        who=name,
        contact=contact if contact != name else "",
        cells=[(column, show(column, row[READ[column]])) for column in columns],
    )


class Cells:
    """Values of columns in the reader's language; empty where nothing is known."""

    def __init__(self, currency: str | None) -> None:
        self._currency = currency
        self._code = get_language()
        self._words = serving.language(self._code)

    def __call__(self, column: str, value: Any) -> str:
        """The cell of a column that has this value in the serving file."""
        if column == "light":
            return str(value or "unknown")
        if column == "orders":
            return self._words.count(value or 0)
        if value is None:
            return ""
        if column in MONEY:
            currency = self._currency
            return self._words.amount(Amount(money.to_major(value, currency) if currency else value / 100, currency))
        match column:
            case "risk":
                return self._words.percent(value, 0)
            case "last_order":
                return self._words.day(value)
            case "reasons":
                return " ".join(serving.reason(kept, self._currency, self._code) for kept in value)
            case _:
                return str(value)
