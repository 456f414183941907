"""What `regulars doctor` says of the application: keys, databases, inbox, processes, address, audit log, backups.

`check` is found by its entry point (`regulars.checks`). It looks in a process of its own, `python -m regulars_server.running.checks`, because a
process knows one installation.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from regulars.doctor import Finding
from regulars.errors import RegularsError
from regulars.warehouse.files import read_json
from regulars.warehouse.lock import holder, is_held
from regulars_server.config import Config, Secrets
from regulars_server.running.environment import config_of, environment_of, start_django
from regulars_server.running.supervisor import status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LATE = timedelta(minutes=2)
"""How long an accepted request may wait in the inbox while a worker runs."""
SILENT = timedelta(seconds=30)
"""A worker without a heartbeat for this long hangs."""
BACKUP_AGE = timedelta(days=7)
AHEAD = timedelta(minutes=5)
"""How far a database's clock, or an entry that was written, may differ from this machine's."""


def check(folder: Path) -> list[Finding]:
    """The findings about the application in a workspace; none where there is no application."""
    try:
        config = config_of(folder)
    except RegularsError as refusal:
        return [Finding("server.configuration", "look", str(refusal).replace("\n", " "))]
    if not config.secrets_file.exists():
        return []
    command = [sys.executable, "-m", "regulars_server.running.checks"]
    done = subprocess.run(command, env=environment_of(config), check=False, capture_output=True, text=True)  # noqa: S603 - our own module
    last = done.stdout.strip().rpartition("\n")[2]
    if not last.startswith("["):
        return [
            Finding("server.checks", "look", f"the application could not be looked at: {(done.stderr.strip() or '?').splitlines()[-1]}")
        ]
    return [Finding(**found) for found in json.loads(last)]


def findings(config: Config, now: datetime) -> Iterator[Finding]:
    """Everything; a part that fails is a finding, and the others are looked at."""
    parts: tuple[Callable[[Config, datetime], Iterator[Finding]], ...] = (
        _keys, _address, _databases, _inbox, _loads, _processes, _clock, _disk, _audit, _backups,
    )  # fmt: skip
    for part in parts:
        try:
            yield from part(config, now)
        except Exception as fault:  # noqa: BLE001 - a broken installation is what is looked for
            text = str(fault).strip().splitlines()
            yield Finding(
                f"server.{part.__name__.strip('_')}", "look", f"{part.__name__.strip('_')}: {text[0] if text else type(fault).__name__}"
            )


def _keys(config: Config, now: datetime) -> Iterator[Finding]:
    del now
    Secrets.of(config)
    open_folder = config.server.stat().st_mode & 0o077
    if open_folder:
        yield Finding("server.keys", "look", f"others may look into {config.server}. Run: chmod 700 {config.server}")
    else:
        yield Finding("server.keys", "good", "keys and data of the application are readable by their owner only")


def _address(config: Config, now: datetime) -> Iterator[Finding]:
    from regulars_server.running.up_command import warnings

    del now
    risky = warnings(config)
    yield from (Finding("server.address", "look", warning.removeprefix("Warning: ")) for warning in risky)
    if not risky:
        yield Finding("server.address", "good", f"{config.public_url}, listening at {config.host}:{config.port}")


def _databases(config: Config, now: datetime) -> Iterator[Finding]:
    from django.db import connections

    from regulars_server.running.preparing import check_installation, pending_migrations, unknown_migrations

    del now
    check_installation(config)
    later, pending = unknown_migrations(), pending_migrations()
    kind = "PostgreSQL" if config.uses_postgres else "SQLite"
    if later:
        yield Finding("server.databases", "look", f"{kind}: of a later version ({later[0]})")
    elif pending:
        yield Finding("server.databases", "look", f"{kind}: {len(pending)} migrations were not run. Run: regulars upgrade")
    else:
        yield Finding("server.databases", "good", f"{kind}, of this version")
    for name in ("default", "audit"):
        if not config.uses_postgres:
            with connections[name].cursor() as cursor:
                mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
            if mode != "wal":
                yield Finding("server.wal", "look", f"the database {name} is in journal mode {mode}; end all processes and start again")


def _inbox(config: Config, now: datetime) -> Iterator[Finding]:
    del config
    from regulars_server.intake.public import open_inbox

    inbox = open_inbox()
    try:
        rows, oldest = inbox.backlog()
    finally:
        inbox.close()
    waited = now - datetime.fromtimestamp(oldest / 1e6, UTC) if oldest else timedelta(0)
    state = "look" if waited > LATE else "good"
    waits = f", the oldest for {_span(waited)}" if rows else ""
    yield Finding("server.inbox", state, f"{rows:,} requests wait in the inbox{waits}")


def _loads(config: Config, now: datetime) -> Iterator[Finding]:
    del config, now
    from regulars_server.loading.public import unjoined_loads

    for load_id, why in unjoined_loads().items():
        yield Finding("server.loads", "look", f"the load {load_id} could not be joined with what was tracked ({why}); it is tried again")


def _processes(config: Config, now: datetime) -> Iterator[Finding]:
    who = holder(config.run / "up.lock")
    if not is_held(config.run / "up.lock"):
        yield Finding("server.processes", "told", "`regulars up` does not run here")
        return
    yield Finding("server.processes", "good", f"process {(who or {}).get('pid', '?')} runs since {(who or {}).get('since', '?')}")
    running: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        running = read_json(config.running_file)
        host, port = running["listen"]
        answered = status(replace(config, host=host, port=port, public_url=running["address"]), "/health/")
        if answered != 200:
            yield Finding("server.processes", "look", f"the pages do not answer ({answered or 'no answer'} from /health/)")
    for name, child in running.get("children", {}).items():
        if not _is_alive(child["pid"]):
            yield Finding("server.processes", "look", f"{name} does not run; see the output of `regulars up`")
        elif child["starts"] > 1:
            yield Finding("server.processes", "look", f"{name} had to be started {child['starts']} times; see the output of `regulars up`")
    with suppress(OSError, ValueError):
        heartbeat = read_json(config.heartbeat_file)
        silent = now - datetime.fromisoformat(heartbeat["at"])
        if silent > SILENT:
            yield Finding("server.worker", "look", f"the worker has not been heard of for {_span(silent)}")
        for name, part in heartbeat["parts"].items():
            busy = now - datetime.fromisoformat(part["busy_since"]) if "busy_since" in part else timedelta(0)
            if busy > LATE:
                yield Finding(
                    "server.worker", "look", f"{name} has been busy for {_span(busy)}, and everything else of the worker waits for it"
                )
            if failure := part.get("failure"):
                yield Finding("server.worker", "look", f"{name} fails ({failure['code']}, {failure['times']} times in a row)")
    if not config.uses_postgres:
        loading = is_held(config.run / "loader.lock")
        yield Finding("server.lease", "told", f"the right to load is {'held' if loading else 'free at this moment'}")


def _clock(config: Config, now: datetime) -> Iterator[Finding]:
    from django.db import connection

    from regulars_server.shared.models import AuditEntry

    newest = AuditEntry.objects.order_by("-id").values_list("at", flat=True).first()
    if newest is not None and newest > now + AHEAD:
        yield Finding(
            "server.clock",
            "look",
            f"the audit log has an entry of {newest:%Y-%m-%d %H:%M}, and this machine's clock says {now:%Y-%m-%d %H:%M}",
        )
    if config.uses_postgres:
        with connection.cursor() as cursor:
            cursor.execute("SELECT now()")
            theirs = cursor.fetchone()[0]
        if abs(theirs - datetime.now(UTC)) > AHEAD:
            yield Finding(
                "server.clock", "look", f"the database's clock says {theirs:%Y-%m-%d %H:%M}, and this machine's {now:%Y-%m-%d %H:%M}"
            )


def _disk(config: Config, now: datetime) -> Iterator[Finding]:
    del now
    free = shutil.disk_usage(config.server).free
    operational = sum(path.stat().st_size for path in config.server.glob("*.db*"))
    # A backup needs the databases once more, a build of the serving file its own size.
    needed = 2 * operational + sum(path.stat().st_size for path in config.serving.rglob("*") if path.is_file())
    state = "look" if free < max(needed, 1_000_000_000) else "good"
    yield Finding("server.disk", state, f"{free / 1e9:,.1f} GB free; backup and rebuild need about {needed / 1e9:,.1f} GB")


def _audit(config: Config, now: datetime) -> Iterator[Finding]:
    del config, now
    from regulars_server.shared.public import first_break

    broken = first_break()
    if broken is None:
        yield Finding("server.audit", "good", "the audit log is whole")
    else:
        yield Finding(
            "server.audit", "look", f"entry {broken} of the audit log does not follow from the one before it: somebody changed the log"
        )


def _backups(config: Config, now: datetime) -> Iterator[Finding]:
    try:
        last = read_json(config.server / "last_backup.json")
    except FileNotFoundError:
        yield Finding("server.backup", "look", "no backup was ever made here. Run: regulars backup FOLDER")
        return
    age = now - datetime.fromisoformat(last["at"])
    state = "look" if age > BACKUP_AGE else "good"
    yield Finding("server.backup", state, f"the last backup is {_span(age)} old: {last['path']}")


def _is_alive(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _span(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} seconds"


def main() -> int:
    """Look, and answer with one line of JSON."""
    config = start_django()
    found = [{"code": one.code, "state": one.state, "text": one.text} for one in findings(config, datetime.now(UTC))]
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
