"""What an importer is: a declaration of fields, and a function that turns rows of a file into rows of tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulars.money import exponent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

EXACT = pa.decimal128(28, 10)
"""How amounts and quantities are held until they are rounded to minor units."""
ZERO = pa.scalar(0, EXACT)


class Kind(StrEnum):
    """How the text of a field is read."""

    TEXT = "text"
    ID = "id"
    EMAIL = "email"
    PHONE = "phone"
    INSTANT = "date and time"
    DATE = "date"
    MONEY = "amount"
    NUMBER = "number"
    INTEGER = "whole number"
    BOOLEAN = "yes or no"
    CURRENCY = "currency code"

    @property
    def arrow(self) -> pa.DataType:
        return _ARROW.get(self, pa.string())

    @property
    def is_number(self) -> bool:
        return self in {Kind.MONEY, Kind.NUMBER, Kind.INTEGER}

    @property
    def is_time(self) -> bool:
        return self in {Kind.INSTANT, Kind.DATE}


_ARROW = {
    Kind.INSTANT: pa.timestamp("us"),
    Kind.DATE: pa.date32(),
    Kind.MONEY: EXACT,
    Kind.NUMBER: EXACT,
    Kind.INTEGER: pa.int64(),
    Kind.BOOLEAN: pa.bool_(),
}


@dataclass(frozen=True, slots=True)
class Field:
    """What a column can mean to a format.

    `aliases` are header names in lower case with underscores; the field's own name is always one. With `preferred` the first alias
    that is there wins; without, two columns that fit are ambiguous.
    """

    name: str
    kind: Kind
    meaning: str
    aliases: tuple[str, ...] = ()
    needs_value: bool = False
    preferred: bool = False
    may_lie_ahead: bool = False
    in_utc: bool = False
    of_order: bool = False
    """Stands on the first row of an order only, and holds for the rows below."""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


class Repeats(StrEnum):
    """What it means that a file names the same thing twice."""

    ADD_UP = "add up"
    """The rows are parts of one thing (lines of an invoice)."""
    LAST_WINS = "last wins"
    """The rows are versions of one thing; the last one counts."""


@dataclass(slots=True)
class Draft:
    """Rows for one table, as a format makes them: aligned with `rows`, `part` tells apart the rows that one thing has in the table."""

    table: str
    rows: Rows
    part: str | pa.Array
    occurred_at: pa.Array
    columns: Mapping[str, Any]
    identity: pa.Array | None = None
    account: pa.Array | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A kind of file: how it is recognised and what becomes of it.

    `needs` lists groups of fields of which one must have a column each. `marks` are fields that tell this format from its
    neighbours; `rank` settles what fits two formats (higher wins). `thing` gives the outside id of what a row is about, or of what it
    is a part of; null means that the row's content is its key. `money` is the value that a row brings, for the reconciliation.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    needs: tuple[tuple[str, ...], ...]
    anchor: str
    tables: tuple[str, ...]
    shape: Callable[[Rows], list[Draft]]
    marks: tuple[str, ...] = ()
    rank: int = 0
    thing: Callable[[Rows], pa.Array] | None = None
    money: Callable[[Rows], pa.Array] | None = None
    refuse: Callable[[Rows], list[tuple[pa.Array, str, str]]] | None = None
    """Rows that are readable and yet set aside: (mask, reason, explanation)."""
    state: Callable[[Rows], pa.Array] | None = None
    """What else a row says by the time it is imported (text): it changes the row although the file does not."""
    repeats: Repeats = Repeats.LAST_WINS
    in_runs: bool = False
    """One order over several rows that follow each other; see `Field.of_order`."""
    lines_share_value: bool = False
    """The value of an order is spread over its lines."""
    unlisted_to: str | None = None
    """Field that receives the columns nobody asked for, as a JSON object."""
    notes: Callable[[frozenset[str]], list[str]] = field(default=lambda _: [])

    def field(self, name: str) -> Field:
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        raise KeyError(name)

    @property
    def has_money(self) -> bool:
        return any(f.kind is Kind.MONEY for f in self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a format may know besides the rows: the scale seen in number columns over the whole file, and the instant of the import."""

    lowest: Mapping[str, float]
    highest: Mapping[str, float]
    now: Any
    bound: frozenset[str]


class Rows:
    """Rows of a file after reading: one typed Arrow array a field."""

    def __init__(self, columns: Mapping[str, pa.Array], number: pa.Array, currency: pa.Array, format: Format, around: Surroundings) -> None:  # noqa: A002
        self._columns = columns
        self.number = number
        self.currency = currency
        self.format = format
        self.around = around
        self.first: pa.Array = pa.repeat(pa.scalar(True), len(number))
        """Whether a row is the first one of its order (only in formats with runs)."""

    def __len__(self) -> int:
        return len(self.number)

    def __getitem__(self, name: str) -> pa.Array:
        """The field's values; all null where the file has no such column."""
        if name in self._columns:
            return self._columns[name]
        return pa.nulls(len(self), self.format.field(name).kind.arrow)

    def has(self, name: str) -> bool:
        return name in self._columns

    def where(self, mask: pa.Array) -> Rows:
        """The rows for which `mask` is true."""
        mask = pc.fill_null(mask, False)
        chosen = Rows(
            {name: values.filter(mask) for name, values in self._columns.items()},
            self.number.filter(mask),
            self.currency.filter(mask),
            self.format,
            self.around,
        )
        chosen.first = self.first.filter(mask)
        return chosen

    def minor(self, amounts: pa.Array) -> pa.Array:
        """Amounts in major units as integer minor units of each row's currency, halves away from zero."""
        return to_minor(amounts, self.currency)

    def real(self, name: str) -> pa.Array:
        return self[name].cast(pa.float64())

    def constant(self, value: Any) -> pa.Array:
        return pa.repeat(pa.scalar(value), len(self))

    def person(self, *names: str) -> pa.Array:
        """The narrowest identity known: the first of these fields that has a value."""
        return pc.coalesce(*[self[name] for name in names])


def to_minor(amounts: pa.Array, currency: pa.Array) -> pa.Array:
    """Exact amounts as integer minor units, row by row in its currency."""
    result: pa.Array | None = None
    for code in pc.unique(currency).to_pylist():
        places = exponent(code) if code else 2
        rounded = pc.round(amounts, ndigits=places, round_mode="half_towards_infinity")
        scaled = pc.multiply(rounded.cast(pa.decimal128(32, 10)), pa.scalar(Decimal(10**places), pa.decimal128(5, 0)))
        minor = pc.cast(scaled, pa.decimal128(38, 0), safe=False).cast(pa.int64())
        result = minor if result is None else pc.if_else(pc.equal(currency, code), minor, result)
    return result if result is not None else pa.array([], pa.int64())


def product(left: pa.Array, right: pa.Array) -> pa.Array:
    """Exact product of two exact arrays, rounded to the ten decimals kept."""
    wide = pc.multiply(left.cast(pa.decimal256(37, 10)), right.cast(pa.decimal256(37, 10)))
    return pc.cast(pc.round(wide, ndigits=10), EXACT, safe=False)


def is_true(values: pa.Array) -> pa.Array:
    return pc.fill_null(values, False)


def any_of(values: pa.Array, words: Sequence[str]) -> pa.Array:
    """Whether a text, in lower case and trimmed, is one of `words`; false for null."""
    return pc.fill_null(pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(values)), value_set=pa.array(words)), False)


def flags(mask: pa.Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), dtype=bool)


def kind_words(values: pa.Array, words: Sequence[str]) -> pa.Array:
    """A text in lower case where it is one of `words`, else null."""
    spoken = pc.utf8_lower(pc.utf8_trim_whitespace(values))
    return pc.if_else(pc.is_in(spoken, value_set=pa.array(words)), spoken, pa.scalar(None, pa.string()))
