"""Rows of the canonical tables while they are gathered, and how they are keyed.

The key of a row is `<part>#<thing>`, as that of an imported one: the thing is what the row is about (an order, a subscription, a
questionnaire), the part which side of it. Calls that say the same part of the same thing are versions of it, and the latest counts.

| table | row_key | versions are told apart by |
|---|---|---|
| events | `event#<messageId>` | never a second one |
| customers | `customer#<messageId>` | readers take the latest value column by column |
| accounts | `account#<messageId>` | likewise |
| orders | `purchase#<order id>`, `refund <refund id>#<order id>`, `cancellation#<order id>` | `version_at` |
| order_lines | `purchase line <n>#<order id>`, `refund <refund id> line <n>#<order id>` | with their part of the order: all its lines |
| subscriptions | `start#<subscription id>`, else `<change> <change id>#<subscription id>` | `version_at` |
| messages | `<step> <messageId>#<message id>` | never a second one |
| responses | `answer <question>#<response id>`, `invited#...`, `started#...`, `finished#...` | `version_at` |
| tickets | `opened#<ticket id>`, else `<step> <messageId>#<ticket id>` | `version_at` |

`row_hash` is a hash of what the part says, the same on all rows of the part: a version with the hash of the one in force says nothing
new. A refund's id and a change's id are those of their source, else the call's messageId.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.tracking.calls import Call

SCHEMAS = {
    name: pa.schema([f for f in TABLES[name].arrow_schema if f.name != "load_id"])
    for name in ("customers", "accounts", "events", "orders", "order_lines", "subscriptions", "messages", "responses", "tickets")
}
_NAMES = {table: tuple(schema.names) for table, schema in SCHEMAS.items()}
_OWN = {table: names[7:] for table, names in _NAMES.items()}
ORIGINS = pa.schema([pa.field("call", pa.int32()), pa.field("version_at", pa.int64()), pa.field("dated", pa.bool_())])


class Part:
    """One part of a thing that a call says: rows that are replaced together. `identity_id` is whose it is where the call names nobody."""

    __slots__ = ("dated", "identity_id", "occurred_at", "part", "rows", "thing", "version_at")

    def __init__(self, part: str, thing: str, occurred_at: int, version_at: int, *, dated: bool = True) -> None:
        self.part = part
        self.thing = thing
        self.occurred_at = occurred_at
        self.version_at = version_at
        self.dated = dated
        self.identity_id: str | None = None
        self.rows: list[tuple[str, str, Mapping[str, Any]]] = []

    def add(self, table: str, values: Mapping[str, Any], *, line: int | None = None) -> None:
        """A row of the part; `line` counts the lines of an order from 1."""
        part = self.part if line is None else f"{self.part} line {line}"
        self.rows.append((table, f"{part}#{self.thing}", values))


class Gathered:
    """Rows by table, each with the place of its call."""

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._origins: dict[str, list[tuple[int, int, bool]]] = {}
        self.events: list[tuple[Any, ...]] = []
        self.event_origins: list[int] = []

    def add(self, place: int, call: Call, recorded_at: int, identity_id: str | None, account_id: str | None, part: Part) -> None:
        identity_id = identity_id or part.identity_id
        said = [sorted((name, repr(value)) for name, value in values.items() if value is not None) for _, _, values in part.rows]
        row_hash = hash_of(repr((part.occurred_at, identity_id, account_id, said)).encode("utf-8", "replace"))
        for table, key, values in part.rows:
            envelope = (part.occurred_at, recorded_at, call.source, key, row_hash, identity_id, account_id)
            self._rows.setdefault(table, []).append((*envelope, *map(values.get, _OWN[table])))
            self._origins.setdefault(table, []).append((place, part.version_at, part.dated))

    def tables(self) -> tuple[dict[str, pa.Table], dict[str, pa.Table]]:
        """The rows, and beside each the place of its call, its version's instant, and whether its instant was said or is the call's."""
        tables = {table: _table(SCHEMAS[table], rows) for table, rows in self._rows.items()}
        origins = {table: _table(ORIGINS, rows) for table, rows in self._origins.items()}
        if self.events:
            events = tables["events"] = _table(SCHEMAS["events"], self.events)
            beside = [
                pa.array(self.event_origins, pa.int32()),
                events["occurred_at"].cast(pa.int64()),
                pa.repeat(pa.scalar(True), len(events)),
            ]
            origins["events"] = pa.Table.from_arrays(beside, schema=ORIGINS)
        return tables, origins


def hash_of(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()


def _table(schema: pa.Schema, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.Table.from_arrays([_array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).cast(kind)
    return pa.array(values, kind)
