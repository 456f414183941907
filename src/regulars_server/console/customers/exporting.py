"""The list as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from regulars import money

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")
"""A text that begins so is a formula to some spreadsheet."""
PERSONAL = ("customer_id", "name", "email", "phone")
PLAIN = (
    "reference",
    "country",
    "acquisition_channel",
    "light",
    "health_score",
    "churn_risk",
    "orders",
    "first_order_on",
    "last_order_on",
    "value_minor",
    "clv_minor",
    "money_at_risk_minor",
)


def columns(*, people: bool) -> tuple[str, ...]:
    """What is read: nothing that says who for whom people are not to be seen."""
    return (*PERSONAL, *PLAIN) if people else PLAIN


def cell(value: Any) -> str:
    """A value as a cell: numbers as they are, texts that a spreadsheet would reckon with an apostrophe before them.

    >>> cell("=1+1"), cell(-5), cell("Ann"), cell(None), cell("-")
    ("'=1+1", '-5', 'Ann', '', "'-")
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    text = value.replace("\x00", "")
    return f"'{text}" if text.lstrip(" \u00a0").startswith(DANGEROUS) or text.startswith(DANGEROUS) else text


def lines(names: Sequence[str], pieces: Iterable[Sequence[Sequence[Any]]], currency: str | None) -> Iterator[bytes]:
    """The file piece by piece: UTF-8 with a mark that spreadsheets know, amounts in major units."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    amounts = [name.endswith("_minor") for name in names]
    writer.writerow([name.removesuffix("_minor") for name in names] + (["currency"] if currency else []))
    yield b"\xef\xbb\xbf" + _taken(buffer)
    for piece in pieces:
        for row in piece:
            values = [_major(value, currency) if is_amount else value for value, is_amount in zip(row, amounts, strict=True)]
            writer.writerow([cell(value) for value in values] + ([currency] if currency else []))
        yield _taken(buffer)


def _major(minor: int | None, currency: str | None) -> float | None:
    return None if minor is None else float(money.to_major(minor, currency)) if currency else minor / 100


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()
