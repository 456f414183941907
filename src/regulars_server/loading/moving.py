"""Rows that change hands: an anonymous id turned out to be shared, and a span of its time was somebody else's."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.tables import TABLES
from regulars_server.loading.things import ID_OF
from regulars_server.loading.workspace import stored, workspace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MOVABLE = ("events", "orders", "order_lines", "subscriptions", "messages", "responses", "tickets", "customers", "points")

Move = tuple[int, str, int, int, str]
"""Number, identity, since, until (microseconds), to whom."""


class Moves:
    """Moves in their order: a row undergoes each that finds it where it then is."""

    def __init__(self, moves: Sequence[Move]) -> None:
        self._of: dict[str, list[Move]] = defaultdict(list)
        for move in sorted(moves):
            self._of[move[1]].append(move)
        self.since = min((move[2] for move in moves), default=0)
        self.until = max((move[3] for move in moves), default=0)

    def __bool__(self) -> bool:
        return bool(self._of)

    @property
    def identities(self) -> list[str]:
        """Whose rows may move."""
        return list(self._of)

    def final(self, identity: str | None, at: int) -> str | None:
        """Whose a row is in the end.

        >>> Moves([(1, "anon:7", 0, 10, "anna"), (2, "anna", 5, 6, "berta")]).final("anon:7", 5)
        'berta'
        """
        number = 0
        while identity in self._of:
            moves = self._of[identity]
            start = bisect_right(moves, number, key=lambda move: move[0])
            found = next((move for move in moves[start:] if move[2] <= at < move[3]), None)
            if found is None:
                break
            number, identity = found[0], found[4]
        return identity

    def apply(self, rows: pa.Table) -> pa.Table:
        """Rows with the identities that they have in the end."""
        if not self or "identity_id" not in rows.schema.names:
            return rows
        instants = rows["occurred_at"].cast(pa.int64()).to_pylist()
        before = rows["identity_id"].to_pylist()
        after = [self.final(identity, at) if identity in self._of else identity for identity, at in zip(before, instants, strict=True)]
        if after == before:
            return rows
        at = rows.schema.get_field_index("identity_id")
        return rows.set_column(at, rows.schema.field(at), pa.array(after, pa.string()))


def moved_rows(moves: Moves, now: datetime) -> tuple[dict[str, pa.Table], list[dict[str, Any]]]:
    """New versions of the rows in the tables that change hands, and what they replace."""
    tables: dict[str, pa.Table] = {}
    replaced: list[dict[str, Any]] = []
    snapshot = workspace().snapshot()
    with stored(*MOVABLE) as engine:
        engine.load("wanted", pa.table({"identity": pa.array(moves.identities, pa.string())}))
        for table in MOVABLE:
            if not snapshot.files(table):
                continue
            rows = engine.run(in_force(table, "identity_id in (select identity from wanted)"))
            rows = rows.cast(TABLES[table].arrow_schema)
            after = moves.apply(rows)
            mask = pa.array(
                [old != new for old, new in zip(rows["identity_id"].to_pylist(), after["identity_id"].to_pylist(), strict=True)], pa.bool_()
            )
            old, new = rows.filter(mask), after.filter(mask)
            if not new.num_rows:
                continue
            replaced += _replaced(table, old, new)
            tables[table] = known_now(new, now).drop_columns(["load_id"])
    return tables, replaced


def in_force(table: str, condition: str) -> str:
    """SQL for the rows in force of a stored table for which `condition` holds."""
    columns = ", ".join(f'r."{column.name}"' for column in TABLES[table].columns)
    return f"""select {columns} from "{table}" r
        anti join (select * from supersessions where table_name = '{table}') x
          on x.superseded_key = r.row_key and x.superseded_source = r.source and x.superseded_load_id = r.load_id
        where {condition} order by r.load_id, r.row_key"""


def known_now(rows: pa.Table, now: datetime) -> pa.Table:
    """The rows as restatements: known since now."""
    at = rows.schema.get_field_index("recorded_at")
    instant = pa.scalar(now.astimezone(UTC).replace(tzinfo=None), pa.timestamp("us"))
    return rows.set_column(at, rows.schema.field(at), pa.repeat(instant, rows.num_rows))


def _replaced(table: str, old: pa.Table, new: pa.Table) -> list[dict[str, Any]]:
    things = old[ID_OF[table]].to_pylist() if table in ID_OF else [None] * old.num_rows
    columns = (old["row_key"], old["source"], old["load_id"], new["identity_id"])
    return [
        {"table": table, "key": key, "source": source, "load_id": load_id, "thing": thing, "to": to}
        for thing, key, source, load_id, to in zip(things, *(column.to_pylist() for column in columns), strict=True)
    ]
