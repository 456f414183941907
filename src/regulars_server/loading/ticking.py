"""A tick: the next range of the inbox becomes a batch, in one transaction. A crash before its commit repeats the range, after it never."""

from __future__ import annotations

import contextlib
import gc
import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, connection, transaction

from regulars.tracking.projection import Projection, project
from regulars_server.intake.public import open_inbox, sources
from regulars_server.loading import hot, plans, quality, quarantine, seen, staged, whose
from regulars_server.loading.contracts import Ticked
from regulars_server.loading.errors import LeaseLost
from regulars_server.loading.judging import POISON, Judged, SetAside, judge, where
from regulars_server.loading.known_orders import with_known
from regulars_server.loading.lease import Lease, held
from regulars_server.loading.models import Batch, TableLoad
from regulars_server.loading.steps import reached
from regulars_server.loading.versions import Versions
from regulars_server.loading.workspace import workspace
from regulars_server.shared.public import write_tx

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from regulars.tracking import Call
    from regulars.tracking.projection import Located
    from regulars_server.intake.public import Inbox, InboxRow

MOST_ROWS = 2000
MOST_BYTES = 6 << 20
"""What one batch takes from the inbox: so much is done in one short transaction."""
_FENCE = 4721
"""PostgreSQL's advisory lock inside a batch's transaction: whoever lost the lease without knowing meets it here."""
MACHINE_FAULTS = (OperationalError, InterfaceError, OSError, MemoryError, LeaseLost)
"""Faults of the machine and not of an event: the batch is tried again later."""


def tick(now: datetime | None = None, *, lease: Lease | None = None, inbox: Inbox | None = None) -> Ticked:
    """Take the next range of the inbox, and record what became of it. Raises `LeaseTaken` while another loader is at work."""
    now = now or datetime.now(UTC)
    with held(lease) as own:
        given = inbox or open_inbox()
        try:
            position = _position()
            rows = given.read(position, MOST_ROWS, MOST_BYTES)
            if not rows:
                return Ticked()
            reached("tick.read")
            with _without_collector():
                return _record(rows, position, own, now)
        finally:
            if inbox is None:
                given.close()


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """A batch makes a hundred thousand objects that all die with it: Python's search for cycles among them would take a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _is_of_a_call(fault: Exception) -> bool:
    """Whether PostgreSQL, which calls both an operational error, is not at fault itself: two long ids have no room in a page of an index."""
    return getattr(fault.__cause__, "sqlstate", None) == "54000"


def _position() -> int:
    """The last row of the inbox that belongs to a batch."""
    return Batch.objects.order_by("-last").values_list("last", flat=True).first() or 0


def _record(rows: Sequence[InboxRow], position: int, lease: Lease, now: datetime) -> Ticked:
    erased = workspace().erased()
    by_slug = {source.slug: source for source in sources()}
    judged = judge(rows, plans.applied(), erased, {slug: source.ip for slug, source in by_slug.items()})
    reached("tick.judged")
    name = f"batch-{rows[-1].id:012d}-{secrets.token_hex(6)}"
    work = _Work(judged, Versions({slug: source.shop for slug, source in by_slug.items()}, now), now, workspace().settings.currency)
    is_ours = True
    try:
        with write_tx():
            _fence(position)
            new = seen.remember(judged.calls, {slug: source.remember_days for slug, source in by_slug.items()})
            work.take(new)
            load = _open_load(now, len(erased))
            tables = work.versions.reconcile(work.tables(), load_id=load.load_id, staged=name)
            if tables:
                staged.write(name, tables)
            reached("tick.staged")
            batch = _keep(work, tables, rows, load, name if tables else "")
            lease.check()
            reached("tick.written")
            # From here on the database alone knows: it may have committed, and its answer have been lost.
            is_ours = False
    except BaseException:
        if is_ours:
            staged.delete([name])
        raise
    reached("tick.recorded")
    if work.versions.told_of_orders:
        quarantine.retry_orders(now)
    return Ticked(rows=len(rows), events=batch.events, report=batch.report, batch=batch.pk, more=True)


def _fence(position: int) -> None:
    wait_for_others()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            # A batch touches many pages that the next one touches again: they go from the log into the file once for several batches.
            cursor.execute("PRAGMA wal_autocheckpoint=8000")
    if _position() != position:
        raise LeaseLost


def wait_for_others() -> None:
    """Inside a transaction: until it ends no batch is recorded, not even one whose loader is gone and that PostgreSQL still commits."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_FENCE,))


def _open_load(now: datetime, erased: int) -> TableLoad:
    found = TableLoad.objects.filter(state=TableLoad.State.OPEN).first()
    return found or TableLoad.objects.create(load_id=workspace().new_load_id(now), opened_at=now, erased=erased)


def _keep(work: _Work, tables: dict[str, pa.Table], rows: Sequence[InboxRow], load: TableLoad, name: str) -> Batch:
    judged = work.judged
    seen.forget((aside.source, aside.message_id) for aside in work.refused if aside.message_id)
    report = Counter(
        taken=len(work.located), duplicates=len(work.duplicates), set_aside=len(judged.aside), erased=sum(judged.erased.values())
    )
    batch = Batch.objects.create(
        first=rows[0].id,
        last=rows[-1].id,
        load=load,
        staged=name,
        recorded_at=work.now,
        events=len(work.located),
        rows={table: found.num_rows for table, found in tables.items()},
        report=dict(report + work.versions.report),
    )
    hot.keep(batch.pk, work.located, work.marks, work.worths)
    quarantine.put_aside(judged.aside, work.now)
    calls = [one.call for one in work.located]
    quality.count(judged, calls, work.duplicates, work.now)
    quality.notice_properties(calls, work.now)
    return batch


@dataclass
class _Work:
    """What becomes of the calls of one range."""

    judged: Judged
    versions: Versions
    now: datetime
    currency: str | None
    located: list[Located] = field(default_factory=list)
    duplicates: list[Call] = field(default_factory=list)
    refused: list[SetAside] = field(default_factory=list)
    """Calls that were read and could not be taken after all."""
    projections: list[Projection] = field(default_factory=list)
    worths: dict[int, hot.Worth] = field(default_factory=dict)

    @property
    def marks(self) -> dict[int, list[str]]:
        """How calls depart from their plan, by `id(call)`."""
        return {id(self.judged.calls[place]): violations for place, violations in self.judged.marks.items()}

    def take(self, new: Sequence[bool]) -> None:
        """Resolve and project the calls that are new."""
        calls: list[Call] = []
        for call, is_new in zip(self.judged.calls, new, strict=True):
            (calls if is_new else self.duplicates).append(call)
        if calls:
            self.versions.learn(calls)
            self._take(calls)
        self.judged.aside += self.refused

    def _take(self, calls: list[Call]) -> None:
        """All of them, or each half by itself where they cannot be taken together, down to the one that is to blame."""
        try:
            with transaction.atomic():
                located = with_known(whose.locate(calls, now=self.now), self.versions.shops)
                projection = project(located, currency=self.currency)
        except Exception as fault:
            # Whatever a call does to us, the others go on.
            if isinstance(fault, MACHINE_FAULTS) and not _is_of_a_call(fault):
                raise
            if len(calls) == 1:
                self.refused.append(SetAside.call(calls[0], POISON, f"taking it failed: {where(fault)}"))
                return
            half = len(calls) // 2
            self._take(calls[:half])
            self._take(calls[half:])
            return
        self.projections.append(projection)
        self.worths |= hot.worth(located, projection)
        self.located += self._without_refused(located, projection)

    def _without_refused(self, located: list[Located], projection: Projection) -> list[Located]:
        if not projection.refused:
            return located
        refused = {(one.message_id, one.raw): one for one in projection.refused}
        kept = []
        for one in located:
            found = refused.get((one.call.message_id, bytes(one.call.raw)))
            if found is None:
                kept.append(one)
            else:
                self.refused.append(SetAside.call(one.call, found.code, found.explanation))
        return kept

    def tables(self) -> list[Projection]:
        """What was projected, part by part."""
        return self.projections
