"""What a canonical table is: its columns, their types and units, and what erasure does to each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import pyarrow as pa

from regulars.errors import TableContractBroken

if TYPE_CHECKING:
    from collections.abc import Iterator


class Type(StrEnum):
    """The column types; an instant is a UTC timestamp in microseconds, stored without a zone."""

    STRING = "string"
    INTEGER = "int64"
    REAL = "float64"
    BOOLEAN = "boolean"
    INSTANT = "timestamp(6)"
    DATE = "date"

    @property
    def arrow(self) -> pa.DataType:
        return _ARROW[self]


_ARROW = {
    Type.STRING: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.REAL: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.INSTANT: pa.timestamp("us"),
    Type.DATE: pa.date32(),
}


class Erase(StrEnum):
    """What anonymising a person does to a value of theirs."""

    KEEP = "keep"
    """Says nothing about who: kept, so that totals stay."""
    FRESH = "fresh"
    """An id: replaced by a random one, the same wherever the old one stood."""
    BLANK = "blank"
    """Personal or free text: set to null."""
    DAY = "day"
    """An instant: cut to the day in company time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its name, type, meaning, unit where it has one, whether it may be null, and what erasure does to it."""

    name: str
    type: Type
    meaning: str
    unit: str | None = None
    required: bool = False
    erase: Erase = Erase.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A canonical table: append-only, one row is `row_is`; `columns` hold the envelope first, then its own."""

    name: str
    row_is: str
    own_columns: tuple[Column, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        return (*ENVELOPE, *self.own_columns)

    @property
    def arrow_schema(self) -> pa.Schema:
        return pa.schema([pa.field(c.name, c.type.arrow, nullable=not c.required) for c in self.columns])

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def check(self, batch: pa.Table | pa.RecordBatch) -> None:
        """Raise `TableContractBroken` unless `batch` has exactly this table's columns and types, without nulls where required."""
        broken = list(self._violations(batch))
        if broken:
            raise TableContractBroken(
                f"Rows for the table '{self.name}' do not fit it: {'; '.join(broken)}.",
                expected=f"the columns of {self.name}: {', '.join(c.name for c in self.columns)}",
                remedy="This is a fault of the code that wrote the rows; please report it.",
                details={"table": self.name, "violations": broken},
            )

    def _violations(self, batch: pa.Table | pa.RecordBatch) -> Iterator[str]:
        expected = self.arrow_schema
        if batch.schema.names != expected.names:
            missing = [n for n in expected.names if n not in batch.schema.names]
            extra = [n for n in batch.schema.names if n not in expected.names]
            yield f"columns differ (missing {missing}, unknown {extra})" if missing or extra else "columns are in another order"
            return
        for field in expected:
            if batch.schema.field(field.name).type != field.type:
                yield f"{field.name} is {batch.schema.field(field.name).type}, not {field.type}"
            elif not field.nullable and batch.column(field.name).null_count:
                yield f"{field.name} has {batch.column(field.name).null_count} nulls"


ENVELOPE: tuple[Column, ...] = (
    Column(name="occurred_at", type=Type.INSTANT, meaning="when it happened; as-of cuts here", unit="UTC", required=True, erase=Erase.DAY),
    Column(
        name="recorded_at",
        type=Type.INSTANT,
        meaning="when we learned it; imported history counts as known when it occurred; known-at cuts here",
        unit="UTC",
        required=True,
        erase=Erase.DAY,
    ),
    Column(name="source", type=Type.STRING, meaning="where it came from: an importer's or a tracking source's name", required=True),
    Column(
        name="row_key",
        type=Type.STRING,
        meaning="the outside id of the row, else a content hash with the ordinal among equal rows; unique per source among rows in force",
        required=True,
        erase=Erase.FRESH,
    ),
    Column(
        name="row_hash",
        type=Type.STRING,
        meaning="hash of the row's content: equal key and equal hash is the same row, equal key and another hash is a new version",
        required=True,
        erase=Erase.FRESH,
    ),
    Column(name="load_id", type=Type.STRING, meaning="the load that brought it", required=True),
    Column(
        name="identity_id",
        type=Type.STRING,
        meaning="the narrowest identity known when it was written; null where it concerns nobody we know",
        erase=Erase.FRESH,
    ),
    Column(name="account_id", type=Type.STRING, meaning="the company it concerns, where there is one"),
)
