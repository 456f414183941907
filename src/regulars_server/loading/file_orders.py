"""Orders that imported files hold: known by a hash of their id, and read from the tables only when somebody else tells of one of them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

import pyarrow as pa

from regulars.tables import TABLES
from regulars_server.intake.public import sources
from regulars_server.loading.bulk import chunks, insert_new
from regulars_server.loading.models import AdoptedLoad, FileOrder, KnownPart
from regulars_server.loading.moving import in_force
from regulars_server.loading.things import LINES, Side, order_key, sides
from regulars_server.loading.workspace import stored, workspace
from regulars_server.shared.public import write_tx

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_LONGEST_IDENTITY = 600
Thing = tuple[str, str]
"""Scope and id of an order."""


def shop_of_files() -> str:
    """The shop whose orders files hold: the one that there is."""
    shops = {source.shop for source in sources()}
    return shops.pop() if len(shops) == 1 else ""


def remember(load: AdoptedLoad, things: Iterable[Thing]) -> None:
    """Note that a load brought these orders. Inside a transaction; noted twice is noted once."""
    insert_new(FileOrder, ("name_hash", "load_id"), ("bigint", "bigint"), [(number, load.pk) for number in {hash_of(t) for t in things}])


def among(things: Collection[Thing], *, beside: AdoptedLoad | None = None) -> dict[Thing, set[int]]:
    """Those of `things` that a file brought and nobody else has told of yet, each with its loads; without those of one load."""
    by_hash = {hash_of(thing): thing for thing in things}
    found: dict[Thing, set[int]] = defaultdict(set)
    for part in chunks(sorted(by_hash), 500):
        rows = FileOrder.objects.filter(name_hash__in=part)
        for number, load in (rows if beside is None else rows.exclude(load=beside)).values_list("name_hash", "load_id"):
            found[by_hash[number]].add(load)
    return dict(found)


def bring_in(things: Collection[Thing]) -> None:
    """Make known versions of those orders and subscriptions that a file brought: from now on they are compared. Part of the caller's transaction, where there is one."""
    from regulars_server.loading.file_subscriptions import bring_in_changes

    changes = {thing for thing in things if thing[0].startswith("subscriptions:")}
    if changes:
        bring_in_changes(changes)
    found = among({thing for thing in things if thing[0].startswith("shop:")})
    if not found:
        return
    loads = {load.pk: load for load in AdoptedLoad.objects.filter(id__in={load for loads in found.values() for load in loads})}
    fresh = []
    for side, load_id in read_sides({thing for _, thing in found}, [load.load_id for load in loads.values()]):
        if side.name[:2] in found:
            fresh.append(known_part(side, load_id))
    make_known(fresh, found)


def make_known(parts: Sequence[KnownPart], things: Collection[Thing]) -> None:
    """Keep versions of files, each once, and look no more for the things that they are of. Part of the caller's transaction, where there is one."""
    there: set[tuple[str, str, str, str]] = set()
    for some in chunks(sorted({part.thing for part in parts}), 500):
        there |= set(KnownPart.objects.filter(thing__in=some).values_list("scope", "thing", "part", "load_id"))
    with write_tx():
        KnownPart.objects.bulk_create([p for p in parts if (p.scope, p.thing, p.part, p.load_id) not in there], batch_size=200)
        for numbers in chunks(sorted(hash_of(thing) for thing in things), 500):
            FileOrder.objects.filter(name_hash__in=numbers).delete()


def read_sides(keys: set[str], load_ids: Collection[str]) -> list[tuple[Side, str]]:
    """The sides in force of these orders that the loads brought, each with its load."""
    with stored("orders", LINES) as engine:
        engine.load("wanted", pa.table({"key": pa.array(sorted(_spelt(key) for key in keys), pa.string())}))
        engine.load("loads", pa.table({"load_id": pa.array(sorted(load_ids), pa.string())}))
        plain = "replace(lower(trim(ltrim(trim(r.order_id), '#'))), 'ß', 'ss')"
        condition = f"{plain} in (select key from wanted) and r.load_id in (select load_id from loads)"
        tables = {name: engine.run(in_force(name, condition)).cast(TABLES[name].arrow_schema) for name in ("orders", LINES)}
    orders = tables["orders"]
    loaded_at = {load_id: int(workspace().load(load_id).loaded_at.timestamp() * 1_000_000) for load_id in load_ids}
    brought = orders["load_id"].to_pylist()
    shop = shop_of_files()
    told = sides(tables, {"orders": [loaded_at[load] for load in brought]}, dict.fromkeys(orders["source"].to_pylist(), shop))
    return [(side, brought[side.rows["orders"][0]]) for side in told if side.thing in keys]


def known_part(side: Side, load_id: str) -> KnownPart:
    """A side of a file's order as a known version, in force."""
    from regulars_server.loading.versions import part_of

    part = part_of(side, load_id=load_id, staged="", kept=None, in_force=True)
    if part.identity_id is not None and len(part.identity_id) > _LONGEST_IDENTITY:
        # Longer than any that the graph knows: a refund that names nobody then stays without a customer.
        part.identity_id = None
    return part


def forget(load: AdoptedLoad) -> None:
    """A load was undone: its orders are not to be looked for any more. In transactions of its own."""
    while ids := list(FileOrder.objects.filter(load=load).values_list("id", flat=True)[:5000]):
        with write_tx():
            for part in chunks(ids, 500):
                FileOrder.objects.filter(id__in=part).delete()


def hash_of(thing: Thing) -> int:
    """64 bits of an order's scope and id; of ten million orders two share one with a chance of one in 400,000, and are then told apart by their ids."""
    return int.from_bytes(hashlib.blake2b("\0".join(thing).encode(), digest_size=8).digest(), "big", signed=True)


def _spelt(key: str) -> str:
    """An order's key as the query spells it."""
    return order_key(key).lower().replace("ß", "ss")
