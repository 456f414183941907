"""Loads of others: what an imported file knows of orders and of people is joined with what was tracked, and an undone load is followed."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.errors import WorkspaceLocked
from regulars.identities.identifiers import is_usable
from regulars.tables import TABLES
from regulars.warehouse.records import WITHOUT_FILES
from regulars_server.loading import staged
from regulars_server.loading.aliases import resolve_aliases
from regulars_server.loading.bulk import chunks
from regulars_server.loading.file_orders import among, forget, known_part, read_sides, remember, shop_of_files
from regulars_server.loading.file_subscriptions import compare_changes, in_files, told_by_calls
from regulars_server.loading.judging import where
from regulars_server.loading.models import AdoptedLoad, KnownPart, OrderAlias, TableLoad
from regulars_server.loading.moving import in_force, known_now
from regulars_server.loading.quarantine import retry_orders
from regulars_server.loading.shared_addresses import suggest_shared, tells_of_people
from regulars_server.loading.things import order_key
from regulars_server.loading.ticking import MACHINE_FAULTS
from regulars_server.loading.versions import is_part_of_file_refund, known_versions, supersessions, unpacked
from regulars_server.loading.workspace import stored, workspace
from regulars_server.profiles.public import AdoptedRow, adopt as adopt_identities
from regulars_server.shared.public import write_tx

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from regulars.warehouse.loads import LoadRecord
    from regulars_server.loading.things import Side

log = logging.getLogger("regulars.loading")
_ORDERS_AT_ONCE = 5000
_ROWS_AT_ONCE = 250_000
_LONGEST_ID = 500
"""No call can name what has a longer id; what a file says of it is nobody else's business."""
_MEMORY = "256MB"
"""Beside a build of the serving file, which takes its own."""
_seen: dict[tuple[str, str], int] = {}
_not_before: dict[tuple[str, str], float] = {}
"""When a load that could not be joined is tried again."""
_PUT_OFF_SECONDS = 600.0
_under_way: dict[tuple[str, str], Iterator[list[TableLoad]]] = {}
"""Loads of which a part is adopted, by workspace and load."""


@dataclass
class Outcome:
    """What joining a load with the others changes: rows to write, and what is known after."""

    superseded: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, list[pa.Table]] = field(default_factory=lambda: defaultdict(list))
    in_force: list[KnownPart] = field(default_factory=list)
    out_of_force: list[KnownPart] = field(default_factory=list)
    rewritten: list[KnownPart] = field(default_factory=list)
    """Versions that are written anew, and so belong to the load that does it."""
    new: list[KnownPart] = field(default_factory=list)
    gone: list[KnownPart] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.superseded or self.rows or self.in_force or self.out_of_force or self.new or self.gone)


def join_loads(now: datetime, *, seconds: float | None = None) -> list[TableLoad]:
    """Look at the loads that are new or undone since the last time; gives the loads of ours that have to be written because of them.

    A large load takes many turns of `seconds` each, so that events do not wait for it; None takes it to its end.
    """
    folder = str(workspace().folder)
    deadline = None if seconds is None else time.monotonic() + seconds
    made: list[TableLoad] = []
    for load_id, mark in sorted(workspace().load_marks(leave_out=WITHOUT_FILES).items()):
        if _seen.get((folder, load_id)) == mark:
            continue
        if time.monotonic() < _not_before.get((folder, load_id), 0.0):
            continue
        try:
            made += _join(load_id, now, deadline)
        except (*MACHINE_FAULTS, WorkspaceLocked):
            raise
        except Exception as fault:  # noqa: BLE001  whatever one load does to us, events and other loads go on
            _put_off((folder, load_id), fault, now)
            continue
        if (folder, load_id) in _under_way:
            return made
        _seen[folder, load_id] = mark
    return made


def _join(load_id: str, now: datetime, deadline: float | None) -> list[TableLoad]:
    """Look at one load, for a turn."""
    name = str(workspace().folder), load_id
    record = workspace().load(load_id)
    known = AdoptedLoad.objects.filter(load_id=load_id).first()
    if record.undone and (known is None or not known.undone):
        _under_way.pop(name, None)
        return _follow_undone(record, now)
    if not record.undone and (known is None or not known.is_whole) and record.source not in WITHOUT_FILES:
        return _go_on(name, record, now, deadline)
    return []


def _put_off(name: tuple[str, str], fault: Exception, now: datetime) -> None:
    """Try a load again later, and say so once; what it told of until then stays."""
    _not_before[name] = time.monotonic() + _PUT_OFF_SECONDS
    failure = where(fault)
    with write_tx():
        adopted, _ = AdoptedLoad.objects.get_or_create(load_id=name[1], defaults={"adopted_at": now, "is_whole": False})
        if adopted.failure == failure:
            return
        AdoptedLoad.objects.filter(pk=adopted.pk).update(failure=failure)
    log.error("the load %s could not be joined with what was tracked: %s", name[1], failure)


def unjoined_loads() -> dict[str, str]:
    """Loads that could not be joined with what was tracked, and why; they are tried again."""
    return dict(AdoptedLoad.objects.exclude(failure="").order_by("load_id").values_list("load_id", "failure"))


def _go_on(name: tuple[str, str], record: LoadRecord, now: datetime, deadline: float | None) -> list[TableLoad]:
    """Adopt on from where the last turn ended, until it is done or the time is over."""
    made: list[TableLoad] = []
    steps = _under_way.setdefault(name, _adopt(record, now))
    try:
        for loads in steps:
            made += loads
            if made or (deadline is not None and time.monotonic() >= deadline):
                return made
    except BaseException:
        # Begun anew the next time; what was noted is noted once.
        del _under_way[name]
        raise
    del _under_way[name]
    return made


def _adopt(record: LoadRecord, now: datetime) -> Iterator[list[TableLoad]]:
    """Step by step: the identities of a load, then its orders and subscriptions; each step gives the loads that have to be written because of it."""
    with write_tx():
        adopted, _ = AdoptedLoad.objects.get_or_create(load_id=record.load_id, defaults={"adopted_at": now, "is_whole": False})
    yield from _adopt_identities(record, now)
    shop = shop_of_files()
    for order_ids in _ids_brought("orders", "order_id", record.load_id):
        yield _adopt_orders(order_ids, adopted, record, shop, now)
    for subscription_ids in _ids_brought("subscriptions", "subscription_id", record.load_id):
        yield _adopt_subscriptions(subscription_ids, adopted, record, now)
    if tells_of_people(record):
        suggest_shared()
        yield []
    if "orders" in record.rows:
        retry_orders(now)
    with write_tx():
        AdoptedLoad.objects.filter(pk=adopted.pk).update(is_whole=True, failure="")


def _adopt_identities(record: LoadRecord, now: datetime) -> Iterator[list[TableLoad]]:
    query = f"""select identity_id, customer_id, epoch_us(occurred_at)::bigint as instant, row_key, source from identities
        where load_id = '{record.load_id}' and identity_id is not null order by instant, row_key"""
    with stored("identities", memory=_MEMORY, threads=1) as engine:
        for batch in engine.batches(query):
            rows = (AdoptedRow(*row.values()) for row in batch.to_pylist())
            for part in chunks((row for row in rows if is_usable(row.identity_id) and is_usable(row.customer_id)), 500):
                with write_tx():
                    adopt_identities(part, now=now)
                yield []


def _adopt_orders(order_ids: list[str], adopted: AdoptedLoad, record: LoadRecord, shop: str, now: datetime) -> list[TableLoad]:
    """Note the orders of a file; those that somebody else has told of too are compared."""
    scope = f"shop:{shop}"
    own = {order_key(order_id) for order_id in order_ids}
    known_as = resolve_aliases([(scope, key) for key in own]) if OrderAlias.objects.exists() else {}
    key_of = {key: known_as.get((scope, key), key) for key in own}
    told = _told_of(scope, set(key_of.values()), adopted)
    with write_tx():
        remember(adopted, ((scope, key) for key in key_of.values() if key not in told))
    if not told:
        return []
    found = Outcome()
    compared = [side for side, _ in read_sides({key for key, known in key_of.items() if known in told}, [record.load_id])]
    for side in compared:
        side.thing = key_of[side.thing]
    with write_tx():
        _compare(compared, record, found)
    return _settle(found, now)


def _adopt_subscriptions(ids: list[str], adopted: AdoptedLoad, record: LoadRecord, now: datetime) -> list[TableLoad]:
    """Note the subscriptions of a file; those that calls have told of are compared."""
    known = told_by_calls(ids)
    with write_tx():
        remember(adopted, (in_files(one) for one in ids if one not in known))
    if not known:
        return []
    found = Outcome()
    compare_changes(record.load_id, known, found)
    return _settle(found, now)


def _told_of(scope: str, things: set[str], adopted: AdoptedLoad) -> set[str]:
    """Those that another load or a call has told of. Where there is no other, nobody is asked: a first file of millions is noted in half the time."""
    told: set[str] = set()
    if AdoptedLoad.objects.exclude(pk=adopted.pk).exists():
        told |= {thing for _, thing in among({(scope, thing) for thing in things}, beside=adopted)}
    if KnownPart.objects.exists():
        for part in chunks(sorted(things), 500):
            told |= set(KnownPart.objects.filter(scope=scope, thing__in=part).values_list("thing", flat=True).distinct())
    return told


def _ids_brought(table: str, column: str, load_id: str) -> Iterator[list[str]]:
    """The ids of what is in force of a load, some thousand at a time; those of a large one in parts, each of which fits into memory."""
    with stored(table, memory=_MEMORY, threads=1) as engine:
        rows = engine.run(f"select count(*) as n from {table} where load_id = '{load_id}'")["n"][0].as_py()
        parts = -(-rows // _ROWS_AT_ONCE)
        for part in range(parts):
            brought = in_force(table, f"r.load_id = '{load_id}' and hash(r.{column}) % {parts} = {part}")
            short = f"{column} is not null and length({column}) <= {_LONGEST_ID}"
            ids = engine.run(f"select distinct {column} from ({brought}) where {short}")[column].combine_chunks()
            for start in range(0, len(ids), _ORDERS_AT_ONCE):
                yield ids.slice(start, _ORDERS_AT_ONCE).to_pylist()


def _compare(told: list[Side], record: LoadRecord, found: Outcome) -> None:
    """Compare some orders of a file with what is known: the file is as new as the instant at which it was loaded."""
    known = known_versions(side.name for side in told)
    # Begun anew after a kill, or brought in meanwhile by a call that told of it.
    names = {side.thing for side in told}
    compared: set[tuple[str, str, str]] = set()
    for part in chunks(sorted(names), 500):
        compared |= set(KnownPart.objects.filter(load_id=record.load_id, thing__in=part).values_list("scope", "thing", "part"))
    for side in told:
        if side.name in compared:
            continue
        older = known.get(side.name)
        refunds = _refunds_of_others(side, known)
        new = known_part(side, record.load_id)
        if older is None and not refunds:
            found.new.append(new)
        elif older is None:
            _compare_refunds(side, new, refunds, found)
        elif older.source == side.source:
            # The importer has replaced it itself.
            found.out_of_force.append(older)
            found.new.append(new)
        elif side.version_at < older.version_at:
            new.is_in_force = False
            found.new.append(new)
            found.superseded += _rows_of(new)
        else:
            found.out_of_force.append(older)
            found.superseded += _rows_of(older)
            found.new.append(new)


def _refunds_of_others(side: Side, known: dict[tuple[str, str, str], KnownPart]) -> list[KnownPart]:
    if side.part != "refund":
        return []
    return [row for (scope, thing, part), row in known.items() if (scope, thing) == side.name[:2] and part.startswith("refund ")]


def _compare_refunds(side: Side, new: KnownPart, refunds: list[KnownPart], found: Outcome) -> None:
    """A file tells what was given back in all, tracking each refund: whoever knows of more is right, and at a draw who knows the days."""
    tracked = [row for row in refunds if is_part_of_file_refund(row.said, side.said, side.version_at)]
    if abs(sum(row.said["amount"] for row in tracked)) >= abs(side.said["amount"]):
        new.is_in_force = False
        found.superseded += _rows_of(new)
    else:
        found.out_of_force += tracked
        found.superseded += [row for older in tracked for row in _rows_of(older)]
    found.new.append(new)


def _rows_of(part: KnownPart) -> list[dict[str, Any]]:
    return [
        {"table": table, "key": key, "source": part.source, "load_id": part.load_id}
        for table, keys in part.keys.items()
        for key in keys
        if part.load_id
    ]


def _follow_undone(record: LoadRecord, now: datetime) -> list[TableLoad]:
    """Forget what an undone load told; what it had overruled is in force again, written anew where ours had superseded it."""
    found = Outcome()
    names = list(KnownPart.objects.filter(load_id=record.load_id, is_in_force=True).values_list("scope", "thing", "part"))
    for scope, thing, part in names:
        versions = KnownPart.objects.filter(scope=scope, thing=thing, part=part)
        best = versions.exclude(load_id=record.load_id).order_by("-version_at", "-id").first()
        if best is None:
            continue
        found.gone += list(versions.filter(load_id=record.load_id))
        (found.rewritten if _write_again(best, found) else found.in_force).append(best)
    made = _settle(found, now)
    for ids in chunks(list(KnownPart.objects.filter(load_id=record.load_id).values_list("id", flat=True)), 500):
        with write_tx():
            KnownPart.objects.filter(id__in=ids).delete()
    with write_tx():
        adopted, _ = AdoptedLoad.objects.update_or_create(
            load_id=record.load_id, defaults={"adopted_at": now, "undone": True, "failure": ""}
        )
    forget(adopted)
    if tells_of_people(record) and record.source not in WITHOUT_FILES:
        suggest_shared()
    return made


def _write_again(part: KnownPart, found: Outcome) -> bool:
    """Take the rows of a version that is to be in force again where they are not in the tables, or superseded there; whether that was so."""
    if part.kept:
        for table, rows in unpacked(part.kept).items():
            found.rows[table].append(rows)
        return True
    written = False
    with stored(*part.keys, memory=_MEMORY, threads=1) as engine:
        for table, keys in part.keys.items():
            engine.load("wanted", pa.table({"key": pa.array(keys, pa.string())}))
            ours = f"row_key in (select key from wanted) and source = '{_quoted(part.source)}' and load_id = '{part.load_id}'"
            rows = engine.run(f"select * from ({in_force(table, 'true')}) where {ours}")
            if rows.num_rows:
                continue
            brought = engine.run(f'select * from "{table}" where {ours} order by row_key').cast(TABLES[table].arrow_schema)
            found.rows[table].append(brought.drop_columns(["load_id"]))
            written = True
    return written


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _settle(found: Outcome, now: datetime) -> list[TableLoad]:
    """Fix what has to be written as a load of its own, together with what is known after it."""
    if not found:
        return []
    load_id = workspace().new_load_id(now)
    tables = {table: known_now(pa.concat_tables(rows), now) for table, rows in found.rows.items()}
    if found.superseded:
        tables["supersessions"] = supersessions(found.superseded, now)
    name = f"extra-{load_id}" if tables else ""
    if tables:
        staged.write(name, tables)
    with write_tx():
        _note(found, load_id, name)
        if not tables:
            return []
        state = TableLoad.State.CLOSING
        return [
            TableLoad.objects.create(
                load_id=load_id, state=state, opened_at=now, closed_at=now, extra_file=name, erased=len(workspace().erased())
            )
        ]


def _note(found: Outcome, load_id: str, name: str) -> None:
    for ids in _ids(found.gone):
        KnownPart.objects.filter(id__in=ids).delete()
    for ids in _ids(found.out_of_force):
        KnownPart.objects.filter(id__in=ids).update(is_in_force=False)
    for ids in _ids(found.in_force):
        KnownPart.objects.filter(id__in=ids).update(is_in_force=True)
    for ids in _ids(found.rewritten):
        KnownPart.objects.filter(id__in=ids).update(is_in_force=True, load_id=load_id, staged=name, kept=None)
    KnownPart.objects.bulk_create(found.new, batch_size=100)


def _ids(parts: Iterable[KnownPart]) -> Iterator[list[int]]:
    yield from chunks((part.pk for part in parts), 400)
