"""Things that are told of more than once (orders, subscriptions, answers, tickets): the latest version counts, from whichever source."""

from __future__ import annotations

import base64
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars_server.loading import staged as staged_rows
from regulars_server.loading.aliases import learn_aliases, resolve_aliases
from regulars_server.loading.bulk import chunks, insert
from regulars_server.loading.file_orders import bring_in
from regulars_server.loading.file_subscriptions import hand_over
from regulars_server.loading.models import Dropped, KnownPart
from regulars_server.loading.things import ID_OF, Side, sides

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from regulars.tracking import Call
    from regulars.tracking.projection import Projection

Name = tuple[str, str, str]
_PART = (
    "scope", "thing", "part", "version_at", "row_hash", "source", "load_id", "staged", "keys", "identity_id", "is_in_force", "said", "kept",
)  # fmt: skip


class Versions:
    """Compares what a batch says of things with what was said before. `shops` says by source whose orders it tells of."""

    def __init__(self, shops: Mapping[str, str], now: datetime) -> None:
        self.shops = shops
        self.now = now
        self.report: Counter[str] = Counter()
        self.told_of_orders = False
        self._doubled: list[KnownPart] = []

    def learn(self, calls: Iterable[Call]) -> None:
        """Take in what the calls say of other ids of orders, before they are compared."""
        self._doubled += learn_aliases(calls, self.shops)

    def reconcile(self, projections: Sequence[Projection], *, load_id: str, staged: str) -> dict[str, pa.Table]:
        """The rows to write, those left out that say nothing new or are older than what is known. Inside the batch's transaction."""
        tables, versions = _joined(projections)
        if not self._doubled and not any(table in tables for table in ID_OF):
            return tables
        found = sides(tables, versions, self.shops)
        known_as = resolve_aliases([(side.scope, side.thing) for side in found if side.table == "orders"])
        for side in found:
            side.thing = known_as.get((side.scope, side.thing), side.thing)
        winners, losers = _newest(found)
        superseded = [row for older in self._doubled for row in self._replace(older, load_id)]
        known = known_versions(side.name for side in winners)
        hand_over(winners, known)
        refunds = _refunds(known.values()) if any(side.part.startswith("refund ") for side in winners) else {}
        kept: list[Side] = []
        fresh: list[KnownPart] = []
        for side in winners:
            older = known.get(side.name)
            twin = refunds.get(_refund_name(side))
            file = known.get((*side.name[:2], "refund")) if side.part.startswith("refund ") else None
            if older is None and (
                (twin is not None and twin.source != side.source)
                or (file is not None and is_part_of_file_refund(side.said, file.said, file.version_at))
            ):
                # Another source tells of the same refund under another id of its own, or a file of all refunds in one sum.
                fresh.append(part_of(side, load_id="", staged="", kept=_packed(tables, side), in_force=False))
                losers.append(side)
            elif older is None:
                kept.append(side)
            elif older.row_hash == side.row_hash:
                older.version_at = max(older.version_at, side.version_at)
                older.save(update_fields=["version_at"])
                losers.append(side)
            elif side.version_at < older.version_at:
                fresh.append(part_of(side, load_id="", staged="", kept=_packed(tables, side), in_force=False))
                losers.append(side)
            else:
                kept.append(side)
                superseded += self._replace(older, load_id)
        self.told_of_orders = any(side.table == "orders" for side in kept)
        self.report["older_versions"] += len(losers)
        self.report["replaced"] += len(kept) - sum(side.name not in known for side in kept)
        tables = _with_known_ids(_without(tables, losers), kept, known)
        fresh += [part_of(side, load_id=load_id, staged=staged, kept=None, in_force=True) for side in kept]
        _keep_parts(fresh)
        if superseded:
            tables["supersessions"] = supersessions(superseded, self.now)
        return {table: rows for table, rows in tables.items() if rows.num_rows}

    def _replace(self, older: KnownPart, load_id: str) -> list[dict[str, Any]]:
        """Take a version out of force: out of its staged file while that can be done, else by rows that supersede it."""
        if older.load_id == load_id:
            for table, keys in older.keys.items():
                Dropped.objects.create(staged=older.staged, table=table, source=older.source, keys=keys)
            older.delete()
            return []
        older.is_in_force = False
        older.save(update_fields=["is_in_force"])
        return [
            {"table": table, "key": key, "source": older.source, "load_id": older.load_id}
            for table, keys in older.keys.items()
            for key in keys
        ]


def supersessions(rows: Sequence[Mapping[str, Any]], now: datetime) -> pa.Table:
    """Rows that take others (table, key, source, load_id) out of force."""
    instant = now.astimezone(UTC).replace(tzinfo=None)
    made = [
        {
            "occurred_at": instant,
            "recorded_at": instant,
            "source": "tracking",
            "row_key": f"{row['table']}/{row['load_id']}#{row['source']}/{row['key']}",
            "row_hash": "",
            "identity_id": None,
            "account_id": None,
            "table_name": row["table"],
            "superseded_key": row["key"],
            "superseded_source": row["source"],
            "superseded_load_id": row["load_id"],
        }
        for row in rows
    ]
    return pa.Table.from_pylist(made, schema=staged_rows.schema_of("supersessions"))


def without_dropped(names: Sequence[str]) -> Callable[[str, str, pa.Table], pa.Table]:
    """What is left of staged rows when those are taken out that a later batch of the same load has replaced."""
    gone: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for part in chunks(names, 500):
        for row in Dropped.objects.filter(staged__in=part):
            gone[row.staged, row.table].update((row.source, key) for key in row.keys)

    def left(name: str, table: str, rows: pa.Table) -> pa.Table:
        which = gone.get((name, table))
        if not which:
            return rows
        pairs = zip(rows["source"].to_pylist(), rows["row_key"].to_pylist(), strict=True)
        return rows.filter(pa.array([pair not in which for pair in pairs], pa.bool_()))

    return left


def _joined(projections: Sequence[Projection]) -> tuple[dict[str, pa.Table], dict[str, list[int]]]:
    parts: dict[str, list[pa.Table]] = {}
    versions: dict[str, list[int]] = {}
    for projection in projections:
        for table, rows in projection.tables.items():
            parts.setdefault(table, []).append(rows)
            if table in ID_OF:
                versions.setdefault(table, []).extend(projection.origins[table]["version_at"].to_pylist())
    return {table: pa.concat_tables(rows) for table, rows in parts.items()}, versions


def _newest(found: Sequence[Side]) -> tuple[list[Side], list[Side]]:
    """Of the versions in one batch the latest, the later call at the same instant; and the others."""
    newest: dict[Name, Side] = {}
    losers = []
    for side in found:
        before = newest.get(side.name)
        if before is None or side.version_at >= before.version_at:
            newest[side.name] = side
            if before is not None:
                losers.append(before)
        else:
            losers.append(side)
    return list(newest.values()), losers


def known_versions(names: Iterable[Name]) -> dict[Name, KnownPart]:
    """The versions in force of all sides of these things; those that only a file has told of so far are looked up there."""
    by_scope: dict[str, set[str]] = defaultdict(set)
    for scope, thing, _ in names:
        by_scope[scope].add(thing)
    bring_in({(scope, thing) for scope, things in by_scope.items() for thing in things})
    found = {}
    for scope, things in by_scope.items():
        for part in chunks(sorted(things), 500):
            for row in KnownPart.objects.filter(scope=scope, thing__in=part, is_in_force=True).order_by("version_at", "id"):
                found[row.scope, row.thing, row.part] = row
    return found


def is_part_of_file_refund(refund: Any, file: Any, exported_at: int) -> bool:
    """Whether what a file says was given back in all holds a refund: it was before the file, and is no more than the file says.

    >>> (
    ...     is_part_of_file_refund({"amount": -400, "at": 5}, {"amount": -600}, 9),
    ...     is_part_of_file_refund({"amount": -400, "at": 12}, {"amount": -600}, 9),
    ... )
    (True, False)
    """
    return bool(refund["at"] <= exported_at and abs(refund["amount"]) <= abs(file["amount"]))


def _refund_name(side: Side) -> tuple[Any, ...]:
    return side.scope, side.thing, side.said.get("amount"), side.said.get("at")


def _refunds(known: Iterable[KnownPart]) -> dict[tuple[Any, ...], KnownPart]:
    """Refunds in force by order, amount and instant."""
    return {
        (row.scope, row.thing, row.said["amount"], row.said["at"]): row
        for row in known
        if row.part.startswith("refund ") and row.said is not None
    }


def _keep_parts(parts: Iterable[KnownPart]) -> None:
    """Write versions that are not there yet."""
    rows = [
        (
            part.scope, part.thing, part.part, part.version_at, part.row_hash, part.source, part.load_id, part.staged, json.dumps(part.keys),
            part.identity_id, part.is_in_force, None if part.said is None else json.dumps(part.said), part.kept,
        )
        for part in parts
    ]  # fmt: skip
    insert(KnownPart, _PART, rows)


def part_of(side: Side, *, load_id: str, staged: str, kept: str | None, in_force: bool) -> KnownPart:
    return KnownPart(
        scope=side.scope,
        thing=side.thing,
        part=side.part,
        version_at=side.version_at,
        row_hash=side.row_hash,
        source=side.source,
        load_id=load_id,
        staged=staged,
        keys=side.keys,
        identity_id=side.identity_id,
        is_in_force=in_force,
        said=side.said or None,
        kept=kept,
    )


def _packed(tables: Mapping[str, pa.Table], side: Side) -> str:
    """The rows of a version that is not written, so that it can be when what overruled it is undone."""
    packed = {}
    for table, places in side.rows.items():
        rows = tables[table].take(pa.array(places))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        packed[table] = base64.b64encode(sink.getvalue().to_pybytes()).decode()
    return json.dumps(packed)


def unpacked(kept: str) -> dict[str, pa.Table]:
    """The rows that `_packed` kept."""
    return {table: pa.ipc.open_stream(base64.b64decode(text)).read_all() for table, text in json.loads(kept).items()}


def _without(tables: dict[str, pa.Table], losers: Sequence[Side]) -> dict[str, pa.Table]:
    gone: dict[str, set[int]] = defaultdict(set)
    for side in losers:
        for table, places in side.rows.items():
            gone[table].update(places)
    left = dict(tables)
    for table, places in gone.items():
        rows = tables[table]
        left[table] = rows.filter(pa.array([place not in places for place in range(rows.num_rows)], pa.bool_()))
    return left


def _with_known_ids(tables: dict[str, pa.Table], kept: Sequence[Side], known: Mapping[Name, KnownPart]) -> dict[str, pa.Table]:
    """The rows of a known order bear the id by which it is known: `#1001` and `1001` are one order to every reader."""
    said: dict[tuple[str, str], str] = {}
    for (scope, thing, _), row in known.items():
        if row.said and row.said.get("order_id"):
            said.setdefault((scope, thing), row.said["order_id"])
    renamed: dict[str, dict[str, str]] = defaultdict(dict)
    for side in kept:
        if side.table != "orders":
            continue
        order_id = said.setdefault((side.scope, side.thing), side.said["order_id"])
        if order_id != side.said["order_id"]:
            renamed[side.source][side.said["order_id"]] = order_id
            side.said["order_id"] = order_id
    if not renamed:
        return tables
    for table in ("orders", "order_lines"):
        if table in tables:
            rows = tables[table]
            pairs = zip(rows["source"].to_pylist(), rows["order_id"].to_pylist(), strict=True)
            ids = pa.array([renamed.get(source, {}).get(order_id, order_id) for source, order_id in pairs], pa.string())
            at = rows.schema.get_field_index("order_id")
            tables[table] = rows.set_column(at, rows.schema.field(at), ids)
    return tables
