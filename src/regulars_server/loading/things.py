"""The sides of things that a batch tells of: which rows belong together, and what they are a version of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from regulars.tracking.orders import BESIDE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

ID_OF = {"orders": "order_id", "subscriptions": "subscription_id", "responses": "response_id", "tickets": "ticket_id"}
"""Tables whose rows are versions of something, and the column that names it."""
LINES = "order_lines"
_LINE = re.compile(r" line \d+$")


@dataclass(slots=True, kw_only=True)
class Side:
    """One side of a thing as one call tells it: an order's purchase with its lines, a refund, a ticket's step."""

    table: str
    scope: str
    thing: str
    part: str
    source: str
    version_at: int
    occurred_at: int
    row_hash: str
    identity_id: str | None
    keys: dict[str, list[str]]
    rows: dict[str, list[int]] = field(default_factory=dict)
    """By table: places of its rows in the batch."""
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> tuple[str, str, str]:
        """What makes two of them versions of one another."""
        return self.scope, self.thing, self.part


def order_key(order_id: str) -> str:
    """An order's id without what sources decorate it with.

    >>> order_key("#1001"), order_key(" DE-1001 ")
    ('1001', 'de-1001')
    """
    return order_id.strip().lstrip("#").strip().casefold() or order_id


def scope_of(table: str, source: str, shops: Mapping[str, str]) -> str:
    """What a thing's id is unique in: orders in their shop, everything else in its source."""
    return f"shop:{shops.get(source, '')}" if table == "orders" else f"{table}:{source}"


def split_key(row_key: str, thing: str) -> str:
    """The side that a row key names.

    A plain list of transactions names an order and what happened to it.

    >>> split_key("purchase##1001", "#1001"), split_key("refund 7 line 2#1001", "1001"), split_key("refund line 1#1001/refund", "1001")
    ('purchase', 'refund 7', 'refund')
    """
    part = row_key.removesuffix(f"#{thing}")
    if part == row_key:
        before, found, kind = row_key.rpartition(f"#{thing}/")
        part = before if found and kind.isalpha() else row_key
    return _LINE.sub("", part)


def sides(tables: Mapping[str, pa.Table], versions: Mapping[str, list[int]], shops: Mapping[str, str]) -> list[Side]:
    """Every side that the rows tell of, in their order; `versions` has the instant of each row's version."""
    found: list[Side] = []
    for table, column in ID_OF.items():
        if table not in tables:
            continue
        rows = tables[table]
        names = ("source", "row_key", "row_hash", "identity_id", column)
        columns = [rows[name].to_pylist() for name in names]
        instants = rows["occurred_at"].cast("int64").to_pylist()
        for place, (source, key, row_hash, identity, thing) in enumerate(zip(*columns, strict=True)):
            side = Side(
                table=table,
                scope=scope_of(table, source, shops),
                thing=order_key(thing) if table == "orders" else thing,
                part=split_key(key, thing),
                source=source,
                version_at=versions[table][place],
                occurred_at=instants[place],
                row_hash=row_hash,
                identity_id=identity,
                keys={table: [key]},
                rows={table: [place]},
            )
            found.append(side)
    if "subscriptions" in tables:
        _say_changes(tables["subscriptions"], [side for side in found if side.table == "subscriptions"])
    if "orders" in tables:
        _say(tables, [side for side in found if side.table == "orders"])
        if LINES in tables:
            _add_lines(tables[LINES], found)
    return found


def _say(tables: Mapping[str, pa.Table], orders: Iterable[Side]) -> None:
    rows = tables["orders"].select(["order_id", "kind", "amount_minor", "currency", *BESIDE]).to_pylist()
    for side in orders:
        row = rows[side.rows["orders"][0]]
        side.said = {
            "order_id": row["order_id"],
            "kind": row["kind"],
            "amount": row["amount_minor"],
            "tax": row["tax_minor"] or 0,
            "currency": row["currency"],
            "at": side.occurred_at,
        }
        if row["kind"] == "purchase":
            side.said["beside"] = {name: row[name] for name in BESIDE if row[name] is not None}


_CHANGE = ("change", "plan", "mrr_before_minor", "mrr_after_minor", "currency", "seats")


def _say_changes(rows: pa.Table, changes: Iterable[Side]) -> None:
    said = rows.select(list(_CHANGE)).to_pylist()
    ends = rows["term_end"].cast("int64").to_pylist()
    for side in changes:
        place = side.rows["subscriptions"][0]
        side.said = {**said[place], "term_end": ends[place]}


def _add_lines(lines: pa.Table, found: list[Side]) -> None:
    """Give each order its lines: they stand in the order of the orders, and bear the hash of theirs."""
    waiting: dict[tuple[str, str, str, str], list[Side]] = {}
    for side in found:
        if side.table == "orders":
            waiting.setdefault((side.source, side.part, side.said["order_id"], side.row_hash), []).append(side)
    names = ("source", "row_key", "row_hash", "order_id", "product_id", "quantity", "amount_minor", "product_name", "category")
    for place, (source, key, row_hash, thing, *line) in enumerate(zip(*(lines[n].to_pylist() for n in names), strict=True)):
        owners = waiting.get((source, split_key(key, thing), thing, row_hash), [])
        # Two calls that say the same of an order: each has its own lines.
        owner = next((side for side in owners if key not in side.keys.get(LINES, ())), None)
        if owner is None:
            continue
        owner.keys.setdefault(LINES, []).append(key)
        owner.rows.setdefault(LINES, []).append(place)
        if owner.part == "purchase" and place < 1_000_000:
            owner.said.setdefault("lines", []).append(line)
