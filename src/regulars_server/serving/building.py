"""Building the serving file: aside, then put into place whole; whoever reads sees the old one or the new one."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from regulars.errors import NoData
from regulars_server.serving import customer_rows, hidden, searching, timeline_rows
from regulars_server.serving.contracts import Built
from regulars_server.serving.engine import BuildingEngine
from regulars_server.serving.layout import FILE, FORMAT, as_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from regulars.relations.session import Session
    from regulars.workspace import Workspace


def build_here(workspace: Workspace, now: datetime, *, progress: Callable[[float, str], None] | None = None) -> Built | None:
    """Build the serving file; None where the workspace holds nothing yet (an old file is then removed)."""
    say = progress or (lambda _fraction, _step: None)
    started = time.monotonic()
    folder = settings.CONFIG.serving
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    with tempfile.TemporaryDirectory(prefix="building-", dir=folder) as aside:
        place = Path(aside)
        draft = place / FILE
        try:
            with _session(workspace, place, now) as (session, engine):
                built = _write(workspace, session, engine, draft, now, started, say)
        except NoData:
            (folder / FILE).unlink(missing_ok=True)
            return None
        _sync(draft)
        hidden.keep_only_those_in(draft, folder)
        draft.replace(folder / FILE)
        _sync(folder)
    say(1.0, "done")
    return built


@contextmanager
def _session(workspace: Workspace, place: Path, now: datetime) -> Iterator[tuple[Session, BuildingEngine]]:
    """The tables as of the end of the last complete day, or, where there are later rows, as of the latest of them; people as they are now."""
    spill = place / "spill"
    spill.mkdir()
    engine = BuildingEngine(spill=spill)
    session = workspace.session(engine=engine)
    try:
        latest = min(session.data_last + timedelta(microseconds=1), now.astimezone(UTC))
        if latest > session.as_of:
            session.close()
            engine = BuildingEngine(spill=spill)
            session = workspace.session(engine=engine, as_of=latest)
        session.know_people_of(now)
        yield session, engine
    finally:
        session.close()


def _write(
    workspace: Workspace,
    session: Session,
    engine: BuildingEngine,
    draft: Path,
    now: datetime,
    started: float,
    say: Callable[[float, str], None],
) -> Built:
    engine.attach(draft)
    say(0.05, "customers")
    customer_rows.write(session, engine)
    searching.write(engine)
    say(0.4, "timeline")
    timeline_rows.write(session, engine, draft.parent / "entries", say=lambda share: say(0.4 + 0.5 * share, "timeline"))
    say(0.9, "identities")
    engine.do(
        "create table serving.identities as select distinct hash(identity) as key, identity, owner, customer_id from ("
        "select identity, owner, customer_id from serving.timeline"
        " union all select account, owner, customer_id from serving.timeline where account is not null"
        " union all select identity_id, hash(customer_id), customer_id from customer_of) order by key"
    )
    # Addresses bear references: here one is found at once, among the customers it would be looked for in all of them.
    engine.do("create table serving.refs as select hash(reference) as key, reference, customer_id from serving.customers order by key")
    counts = workspace.load_counts()
    built = Built(
        as_of=session.as_of,
        built_at=now,
        seconds=round(time.monotonic() - started, 3),
        customers=engine.number("select count(*) from serving.customers"),
        entries=engine.number("select count(*) from serving.timeline"),
        loads=counts.loads,
        latest_load=counts.last,
        currency=session.currency,
        zone=session.settings.time_zone,
        predicted_on=_predicted_on(engine),
    )
    engine.do("create table serving.meta (format integer, built varchar)")
    engine.do("insert into serving.meta values (?, ?)", [FORMAT, json.dumps(as_plain(built))])
    engine.detach()
    return built


def _predicted_on(engine: BuildingEngine) -> str | None:
    days = engine.number("select epoch(max(predicted_on))::bigint // 86400 from serving.customers")
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days)).date().isoformat() if days else None


def _sweep(folder: Path) -> None:
    """Remove what builds that were killed left behind."""
    for left in folder.glob("building-*"):
        if time.time() - left.stat().st_mtime > 3600:
            shutil.rmtree(left, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
