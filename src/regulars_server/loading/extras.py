"""What goes into the tables along with the batches: rows of the identity map, and rows that change hands."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars_server.loading import staged
from regulars_server.loading.models import HotRow, KnownPart
from regulars_server.loading.moving import Moves, moved_rows
from regulars_server.loading.things import ID_OF, order_key
from regulars_server.loading.versions import supersessions
from regulars_server.profiles.public import mark_written, pending_map_rows, pending_reattributions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from regulars_server.loading.models import TableLoad
    from regulars_server.profiles.public import PendingMapRow

MOST_MOVES = 2000
_LAST_INSTANT = 4_102_444_800_000_000


@dataclass
class Extras:
    """Rows by table, what they settle, and the moves that the load's own batches undergo."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    map_rows: list[int] = field(default_factory=list)
    moves: list[tuple[int, str, int, int, str]] = field(default_factory=list)
    moved: list[dict[str, Any]] = field(default_factory=list)
    """Rows of the tables that got a new version: table, key, source, load_id, thing, to."""


def are_waiting() -> bool:
    """Whether the profiles have something for the tables."""
    return bool(pending_map_rows(limit=1) or pending_reattributions(limit=1))


def gather(now: datetime) -> Extras:
    """What the profiles have for the tables now."""
    found = Extras()
    rows = pending_map_rows()
    if rows:
        found.map_rows = [row.pending_id for row in rows]
        found.tables["identities"] = _map(rows, now)
    found.moves = [tuple(move) for move in pending_reattributions(limit=MOST_MOVES)]
    if found.moves:
        tables, found.moved = moved_rows(Moves(found.moves), now)
        found.tables.update(tables)
        if found.moved:
            found.tables["supersessions"] = supersessions(found.moved, now)
    return found


def mark_gathered(extras: Extras, load: TableLoad) -> None:
    """Note that what was gathered is certain to be written; inside the transaction that makes it so."""
    mark_written(map_rows=extras.map_rows, reattributions=[move[0] for move in extras.moves])
    load.moves = [list(move) for move in extras.moves]
    for _, identity, since, until, to in extras.moves:
        HotRow.objects.filter(identity_id=identity, occurred_at__gte=since, occurred_at__lt=min(until, _LAST_INSTANT)).update(
            identity_id=to
        )
    for row in extras.moved:
        if row["table"] in ID_OF:
            thing = order_key(row["thing"]) if row["table"] == "orders" else row["thing"]
            parts = KnownPart.objects.filter(thing=thing, source=row["source"], load_id=row["load_id"])
            for part in parts:
                if row["key"] in part.keys.get(row["table"], ()):
                    part.load_id, part.staged, part.identity_id = load.load_id, load.extra_file, row["to"]
                    part.save(update_fields=["load_id", "staged", "identity_id"])


def _map(rows: Sequence[PendingMapRow], now: datetime) -> pa.Table:
    recorded = int(now.astimezone(UTC).timestamp() * 1_000_000)
    columns: dict[str, list[Any]] = {
        "occurred_at": [row.occurred_at for row in rows],
        "recorded_at": [max(recorded, row.occurred_at) for row in rows],
        "source": ["identities"] * len(rows),
        "row_key": [row.row_key for row in rows],
        "row_hash": [hashlib.blake2b(f"{row.identity_id}\0{row.customer_id}".encode(), digest_size=8).hexdigest() for row in rows],
        "identity_id": [row.identity_id for row in rows],
        "account_id": [None] * len(rows),
        "customer_id": [row.customer_id for row in rows],
        "rule": [row.rule for row in rows],
        "evidence": [row.evidence or None for row in rows],
    }
    schema = staged.schema_of("identities")
    arrays = [
        pa.array(columns[name], pa.int64()).cast(kind) if pa.types.is_timestamp(kind) else pa.array(columns[name], kind)
        for name, kind in zip(schema.names, schema.types, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
