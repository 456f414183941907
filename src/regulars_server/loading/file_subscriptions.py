"""Subscriptions that imported files hold: a change that a call tells of as well is the call's, and the file's row of it counts no more.

A file shows how a subscription stands at its export, calls tell each change as it happened: so of one change the call holds, whichever came
first. Like orders of files, subscriptions are known by a hash of their id until somebody else tells of them.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.tables import TABLES
from regulars_server.intake.public import sources
from regulars_server.loading.bulk import chunks
from regulars_server.loading.file_orders import among, known_part, make_known
from regulars_server.loading.models import AdoptedLoad, KnownPart
from regulars_server.loading.moving import in_force
from regulars_server.loading.things import Side, sides
from regulars_server.loading.workspace import stored

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

TABLE = "subscriptions"
DAY = 86_400_000_000
NEAR = 2 * DAY
"""Changes of one kind that a file and a call date so close to one another are one: a file often knows the day alone, in a zone of its own."""
CHANGE_OF_CALL = {
    f"Subscription {name}": kind
    for name, kind in {
        "Started": "start",
        "Renewed": "renew",
        "Upgraded": "upgrade",
        "Downgraded": "downgrade",
        "Paused": "pause",
        "Resumed": "resume",
        "Cancelled": "cancel",
    }.items()
}


def in_files(subscription_id: str) -> tuple[str, str]:
    """What a subscription of a file is noted under: no file says which source it is of."""
    return TABLE, subscription_id


def is_of_file(part: KnownPart) -> bool:
    """Whether a known version is a file's that no call has told of: its part is the row key, a call's is the change and an id."""
    return part.scope.startswith(f"{TABLE}:") and part.part.partition("#")[0].isalpha()


def twin_of(rows: Iterable[KnownPart], change: str, at: int) -> KnownPart | None:
    """Of the known changes of one subscription the file's that is the one that a call tells of; None where there is none.

    It is of the same kind and near. A start may be of any day as long as no cancellation lies between the two: a file often counts
    from the day of signing, the biller from the first payment.
    """
    known = [row for row in rows if row.said]
    ends = [row.version_at for row in known if row.said["change"] == "cancel"]
    found = []
    for row in known:
        away = abs(row.version_at - at)
        first, last = sorted((row.version_at, at))
        is_one = away <= NEAR or (change == "start" and not any(first < end < last for end in ends))
        if is_one and row.said["change"] == change and is_of_file(row):
            found.append((away, row.pk or 0, row))
    return min(found, key=lambda one: one[:2])[2] if found else None


def bring_in_changes(things: Collection[tuple[str, str]]) -> None:
    """Make known those changes of subscriptions (scope, id) that a file brought. Part of the caller's transaction, where there is one."""
    scopes: dict[str, list[str]] = defaultdict(list)
    for scope, thing in sorted(things):
        scopes[thing].append(scope)
    noted = among({in_files(thing) for thing in scopes})
    if not noted:
        return
    loads = AdoptedLoad.objects.filter(id__in={load for loads in noted.values() for load in loads})
    told = read_changes({thing for _, thing in noted}, [load.load_id for load in loads])
    fresh = [known_part(_under(scope, side), load_id) for side, load_id in told for scope in scopes[side.thing]]
    make_known(fresh, noted)


def read_changes(ids: Collection[str], load_ids: Collection[str]) -> list[tuple[Side, str]]:
    """The changes in force of these subscriptions that the loads brought, each with its load; its part is its row key."""
    with stored(TABLE) as engine:
        engine.load("wanted", pa.table({"id": pa.array(sorted(ids), pa.string())}))
        engine.load("loads", pa.table({"load_id": pa.array(sorted(load_ids), pa.string())}))
        condition = "r.subscription_id in (select id from wanted) and r.load_id in (select load_id from loads)"
        rows = engine.run(in_force(TABLE, condition)).cast(TABLES[TABLE].arrow_schema)
    brought = rows["load_id"].to_pylist()
    told = sides({TABLE: rows}, {TABLE: rows["occurred_at"].cast("int64").to_pylist()}, {})
    for side, key in zip(told, rows["row_key"].to_pylist(), strict=True):
        side.part = key
    return list(zip(told, brought, strict=True))


def _under(scope: str, side: Side) -> Side:
    side.scope = scope
    return side


def hand_over(told: Sequence[Side], known: dict[tuple[str, str, str], KnownPart]) -> None:
    """Let the file's version of each change that calls tell of go by the call's name, so that the call replaces it. Changes `known`."""
    of_thing: dict[tuple[str, str], list[KnownPart]] = defaultdict(list)
    for row in known.values():
        if is_of_file(row):
            of_thing[row.scope, row.thing].append(row)
    for row in known.values() if of_thing else ():
        if (row.scope, row.thing) in of_thing and not is_of_file(row):
            of_thing[row.scope, row.thing].append(row)
    for side in told:
        rows = of_thing.get(side.name[:2]) if side.table == TABLE and side.name not in known else None
        twin = twin_of(rows, side.said["change"], side.version_at) if rows else None
        if twin is not None:
            known[side.name] = known.pop((twin.scope, twin.thing, twin.part))
            twin.part, twin.version_at = side.part, min(twin.version_at, side.version_at)
            twin.save(update_fields=["part", "version_at"])


def told_by_calls(ids: Collection[str]) -> dict[str, list[KnownPart]]:
    """The known versions of these subscriptions, by id, where a call has told of them."""
    scopes = [f"{TABLE}:{source.slug}" for source in sources()]
    found: dict[str, list[KnownPart]] = defaultdict(list)
    for part in chunks(sorted(ids), 500):
        for row in KnownPart.objects.filter(scope__in=scopes, thing__in=part).order_by("version_at", "id"):
            found[row.thing].append(row)
    return found


def compare_changes(load_id: str, known: Mapping[str, list[KnownPart]], found: Any) -> None:
    """Compare the changes that a file tells of with what is known of these subscriptions; `found` takes what that changes."""
    by_name: dict[str, list[tuple[Side, str]]] = defaultdict(list)
    for side, brought_by in read_changes(set(known), [load_id]):
        by_name[side.thing].append((side, brought_by))
    for thing, told in by_name.items():
        rows = known[thing]
        new = []
        for side, _ in told:
            if any(row.load_id == load_id and row.keys == side.keys for row in rows):
                # Begun anew after a kill, or brought in meanwhile by a call that told of it.
                continue
            # The importer has replaced its own row by itself.
            found.out_of_force += [row for row in rows if row.is_in_force and row.keys == side.keys and row.source == side.source]
            new.append(known_part(_under(rows[0].scope, side), load_id))
        calls = [row for row in rows if row.is_in_force and not is_of_file(row) and row.said]
        cancelled = [row for row in calls if row.said["change"] == "cancel"]
        for call in calls:
            twin = twin_of([*new, *cancelled], call.said["change"], call.version_at)
            if twin is not None:
                twin.part, twin.is_in_force = call.part, False
                found.superseded += [
                    {"table": table, "key": key, "source": twin.source, "load_id": twin.load_id}
                    for table, keys in twin.keys.items()
                    for key in keys
                ]
        found.new += new
