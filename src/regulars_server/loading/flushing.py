"""A flush: all recorded batches become one load of the library, with an id that was fixed before; killed anywhere, it is finished."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Sum

from regulars.errors import ArgumentRefused
from regulars.tables import TABLES
from regulars_server.intake.public import open_inbox
from regulars_server.loading import hot, staged
from regulars_server.loading.adopting import join_loads
from regulars_server.loading.contracts import Flushed
from regulars_server.loading.extras import are_waiting, gather, mark_gathered
from regulars_server.loading.lease import Lease, held
from regulars_server.loading.models import Batch, Dropped, TableLoad
from regulars_server.loading.moving import MOVABLE, Moves
from regulars_server.loading.steps import reached
from regulars_server.loading.ticking import wait_for_others
from regulars_server.loading.versions import without_dropped
from regulars_server.loading.workspace import workspace
from regulars_server.shared.public import publish, write_tx

if TYPE_CHECKING:
    from regulars.warehouse.erasure.hashes import ErasedHashes
    from regulars_server.intake.public import Inbox

SOURCE = "tracking"
"""What our loads say they come from."""
WAIT = timedelta(seconds=8)
"""How old the oldest batch may become: with the write itself, rows are in the tables ten seconds after they came."""
MOST_EVENTS = 200_000
State = TableLoad.State


def flush(
    now: datetime | None = None,
    *,
    force: bool = False,
    lease: Lease | None = None,
    inbox: Inbox | None = None,
    adopt_seconds: float | None = None,
) -> Flushed:
    """Write what was recorded into the tables when it is due (or with `force` whatever there is), and finish what a dead loader began.

    Loads of files are joined with what was tracked, for `adopt_seconds` at a time (None: to the end).

    Raises `LeaseTaken` while another loader is at work, and `WorkspaceLocked` while somebody rewrites the tables.
    """
    now = now or datetime.now(UTC)
    with held(lease) as own:
        finished = _finish_closing(now, own, inbox)
        while join_loads(now, seconds=adopt_seconds):
            finished = _finish_closing(now, own, inbox)
            if adopt_seconds is not None:
                break
        load = _due(now, force=force)
        if load is None:
            return finished
        reached("flush.closing")
        load = _close(load, now)
        reached("flush.closed")
        return _finish(load, now, own, inbox)


def recover(now: datetime | None = None, *, lease: Lease | None = None, inbox: Inbox | None = None) -> Flushed:
    """What a loader does first: finish the load of a dead one, and remove what it left lying about."""
    now = now or datetime.now(UTC)
    with held(lease) as own:
        finished = _finish_closing(now, own, inbox)
        _remove_from_inbox(inbox)
        with write_tx():
            wait_for_others()
        needed = set(Batch.objects.filter(is_done=False).values_list("staged", flat=True))
        needed |= set(TableLoad.objects.exclude(state=State.DONE).values_list("extra_file", flat=True))
        staged.delete(staged.names() - needed)
        return finished


def _finish_closing(now: datetime, lease: Lease, inbox: Inbox | None) -> Flushed:
    found = Flushed()
    for load in TableLoad.objects.filter(state=State.CLOSING).order_by("id"):
        found = _finish(load, now, lease, inbox)
    return found


def _due(now: datetime, *, force: bool) -> TableLoad | None:
    """The open load when it is time to write it; one is opened where only changes of the identity map wait."""
    load = TableLoad.objects.filter(state=State.OPEN).first()
    if load is None:
        return _for_extras(now, force=force)
    if force or load.opened_at <= now - WAIT:
        return load
    events = load.batches.aggregate(events=Sum("events"))["events"] or 0
    return load if events >= MOST_EVENTS else None


def _for_extras(now: datetime, *, force: bool) -> TableLoad | None:
    last = TableLoad.objects.order_by("-id").first()
    if not are_waiting() or (not force and last is not None and last.opened_at > now - WAIT):
        return None
    with write_tx():
        return TableLoad.objects.create(load_id=workspace().new_load_id(now), opened_at=now, erased=len(workspace().erased()))


def _close(load: TableLoad, now: datetime) -> TableLoad:
    """Fix what the load consists of: its batches, and what goes along, which is staged as a file of its own."""
    extras = gather(now)
    if extras.tables:
        load.extra_file = f"extra-{load.load_id}"
        staged.write(load.extra_file, extras.tables)
    with write_tx():
        mark_gathered(extras, load)
        load.state, load.closed_at = State.CLOSING, now
        load.save(update_fields=["extra_file", "state", "closed_at", "moves"])
    return load


def _finish(load: TableLoad, now: datetime, lease: Lease, inbox: Inbox | None) -> Flushed:
    """Write a load whose content is fixed, unless it is there; then forget what it was made from. May be repeated at any point."""
    batches = list(load.batches.order_by("id"))
    rows: dict[str, int] = {}
    if not workspace().is_loaded(load.load_id):
        lease.check()
        rows = _write(load, batches)
    reached("flush.committed")
    with write_tx():
        load.batches.update(is_done=True)
        load.state, load.done_at = State.DONE, now
        load.save(update_fields=["state", "done_at"])
        Dropped.objects.filter(staged__in=[batch.staged for batch in batches]).delete()
        publish("tables.loaded", {"load": load.load_id, "batches": len(batches)}, now=now)
    reached("flush.done")
    _remove_from_inbox(inbox)
    reached("flush.removed")
    staged.delete([name for name in [load.extra_file, *(batch.staged for batch in batches)] if name])
    reached("flush.cleaned")
    return Flushed(load_id=load.load_id, batches=len(batches), rows=rows)


def _write(load: TableLoad, batches: list[Batch]) -> dict[str, int]:
    tables = _content(load, batches)
    rows: dict[str, int] = {}
    report = {
        "batches": len(batches),
        "first": min((batch.first for batch in batches), default=None),
        "last": max((batch.last for batch in batches), default=None),
        "calls": {name: sum(batch.report.get(name, 0) for batch in batches) for name in sorted({n for b in batches for n in b.report})},
    }
    try:
        # Appending shares the workspace with everybody but those who rewrite rows; only imports take turns among themselves.
        with workspace().stage(source=SOURCE, alone=False, wait_seconds=30.0, load_id=load.load_id) as staging:
            # Nobody can be erased while the load is staged, and who was before it is left out.
            erased = workspace().erased()
            for table, found in tables.items():
                left = found if len(erased) == load.erased else _without_erased(found, erased)
                staging.add(table, left)
                rows[table] = left.num_rows
            reached("flush.staged")
            staging.commit(report, [])
    except ArgumentRefused:
        # The one refusal of a fixed id: it is there.
        if not workspace().is_loaded(load.load_id):
            raise
    return rows


def _without_erased(rows: pa.Table, erased: ErasedHashes) -> pa.Table:
    mask = erased.mask(rows["identity_id"])
    if "customer_id" in rows.schema.names:
        mask = pc.or_(mask, erased.mask(rows["customer_id"]))
    return rows.filter(pc.invert(mask))


def _content(load: TableLoad, batches: list[Batch]) -> dict[str, pa.Table]:
    names = [batch.staged for batch in batches if batch.staged]
    left, moves = without_dropped(names), Moves([tuple(move) for move in load.moves])
    parts = staged.together(names, change=lambda name, table, rows: _moved(moves, table, left(name, table, rows)))
    extra = staged.read(load.extra_file) if load.extra_file else {}
    return {
        table: pa.concat_tables([found for found in (parts.get(table), extra.get(table)) if found is not None])
        for table in TABLES
        if table in parts or table in extra
    }


def _moved(moves: Moves, table: str, rows: pa.Table) -> pa.Table:
    return moves.apply(rows) if table in MOVABLE else rows


def _remove_from_inbox(inbox: Inbox | None) -> None:
    """Forget the rows whose batches are all in the tables; a batch that waits keeps its rows, however young."""
    waiting = Batch.objects.filter(is_done=False).order_by("first").values_list("first", flat=True).first()
    done = Batch.objects.filter(is_done=True).order_by("-last").values_list("last", flat=True).first()
    if done is None:
        return
    given = inbox or open_inbox()
    try:
        given.remove(done if waiting is None else min(done, waiting - 1))
    finally:
        if inbox is None:
            given.close()


def forget_done(now: datetime) -> int:
    """Forget loads and batches that have been in the tables for two days; the newest batch stays, it says where the inbox goes on."""
    last = Batch.objects.order_by("-last").first()
    old = TableLoad.objects.filter(state=State.DONE, done_at__lt=now - hot.KEEP)
    gone = 0
    for load in list(old.order_by("id")[:200]):
        if last is not None and load.pk == last.load_id:
            continue
        with write_tx():
            load.batches.all().delete()
            load.delete()
        gone += 1
    return gone
