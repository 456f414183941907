"""`regulars backup`: one consistent copy of all stores, taken while everything runs. Why this order: docs/decisions/backup.md."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import regulars
from regulars.errors import DiskFull, WorkspaceLocked
from regulars.warehouse.changes import Places
from regulars.warehouse.files import write_json
from regulars.warehouse.lock import Lock
from regulars.workspace import Workspace
from regulars_server.config import Secrets
from regulars_server.running import archive
from regulars_server.running.postgres_copy import PostgresCopy
from regulars_server.running.sqlite_copy import SqliteCopy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regulars_server.config import Config

STILL_SECONDS = 900.0
"""How long a backup waits for an import or an erasure that is under way."""
NOT_IN_WORKSPACE = frozenset({"server", "cache", "staging", "locks"})
REPLACED_IN_WORKSPACE = ("tables", "loads", "quarantine")
"""Folders whose files are written once, or replaced whole by others of the same name."""
NOT_IN_SERVER = frozenset({"run", "serving", "backups", "secrets.json"})
"""Running state, what can be made anew, earlier backups, and the keys that open doors."""
REFERENCE_KEY = "reference.key"
"""The one key in a backup: without it the audit log would name customers by references that lead nowhere. It opens no door."""


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that was made."""

    path: Path
    bytes: int
    files: int
    still_seconds: float
    """How long loading stood still; the intake never did."""


def write_backup(config: Config, target: Path, *, now: datetime) -> BackupReport:
    """Copy everything into a new file at `target`, or in it when it is a folder. Needs Django started over the installation.

    Everything that was acknowledged before the call is in it, once. Raises `BackupRefused`, `DiskFull`, `WorkspaceLocked`.
    """
    target = target.expanduser().absolute()
    path = target / f"regulars-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar" if target.is_dir() else target
    path.parent.mkdir(parents=True, exist_ok=True)
    config.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    sweep(config)
    with (
        archive.writing(path) as writing,
        tempfile.TemporaryDirectory(dir=config.run, prefix="backup-") as scratch_name,
        contextlib.ExitStack() as pins,
    ):
        scratch = Path(scratch_name)
        databases = pins.enter_context(_databases(config, scratch))
        with _still(config) as began:
            databases.pin()
            _link(config, scratch / "workspace")
            still_seconds = time.monotonic() - began
        _check_room(config, path, scratch)
        written = databases.copy(writing)
        shutil.rmtree(scratch / "databases", ignore_errors=True)
        for file in sorted(entry for entry in (scratch / "workspace").rglob("*") if entry.is_file()):
            writing.add(file, file.relative_to(scratch).as_posix())
        writing.add_bytes(Secrets.of(config).reference_key.encode(), REFERENCE_KEY)
        writing.finish({"version": regulars.__version__, "made_at": now.isoformat(), **written})
    report = BackupReport(path, path.stat().st_size, len(writing.files), still_seconds)
    write_json(config.server / "last_backup.json", {"at": now.isoformat(), "path": str(path), "bytes": report.bytes}, mode=0o600)
    return report


def sweep(config: Config) -> None:
    """Remove what a backup that was killed has left."""
    for left in config.run.glob("backup-*"):
        if time.time() - left.stat().st_mtime > 86_400:
            shutil.rmtree(left, ignore_errors=True)


def keep_latest(folder: Path, keep: int, *, made: Path) -> list[Path]:
    """Delete all but the latest `keep` backups in a folder, told by the names that backups are given; says which went.

    The one that was `made` just now is among those that are kept, whatever the clock said.
    """
    found = (path for path in folder.iterdir() if re.fullmatch(r"regulars-\d{8}T\d{6}Z\.tar", path.name) and path.is_file())
    others = sorted(path for path in found if path.name != made.name)
    gone = others[: max(0, len(others) + 1 - keep)]
    for path in gone:
        path.unlink()
    return gone


def _databases(config: Config, scratch: Path) -> contextlib.AbstractContextManager[SqliteCopy | PostgresCopy]:
    if config.database_url:
        return contextlib.closing(PostgresCopy(config.database_url, scratch / "databases"))
    # In this order: what moves from one into the next is then in both rather than in none, and each recognises what it has.
    paths = {"default": config.database, "audit": config.audit_database, "inbox": config.inbox}
    return contextlib.closing(SqliteCopy(paths, scratch / "databases"))


@contextlib.contextmanager
def _still(config: Config) -> Iterator[float]:
    """Inside, no row moves from the inbox into the tables, and nobody changes the tables.

    Yields the instant since which loading would have stood still, had it stood still without a break: tries in vain count as well.

    The loader's lease is not held while waiting for an import, which may take long.
    """
    deadline, in_vain = time.monotonic() + STILL_SECONDS, 0.0
    Workspace.open(config.workspace)
    while True:
        with contextlib.ExitStack() as held:
            try:
                began = None
                held.enter_context(_loading_stopped())
                began = time.monotonic()
                lock = Lock.take(Places(config.workspace).workspace_lock, what="a backup", wait_seconds=2)
            except WorkspaceLocked:
                if time.monotonic() >= deadline:
                    raise
                in_vain += time.monotonic() - began if began is not None else 0.0
            else:
                with lock:
                    # What a killed process had sealed is part of the tables before they are copied.
                    Workspace.open(config.workspace)
                    yield began - in_vain
                return
        time.sleep(1)


@contextlib.contextmanager
def _loading_stopped() -> Iterator[None]:
    from regulars_server.loading.public import take_lease

    lease = take_lease(wait_seconds=120)
    try:
        yield
    finally:
        lease.release()


def _link(config: Config, target: Path) -> None:
    """The files as they are at this moment: those that are never changed in place by a second name, the rest by a copy."""
    replaced = (config.server, *(config.workspace / name for name in REPLACED_IN_WORKSPACE))
    for source in _files(config):
        copy = target / source.relative_to(config.workspace)
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(source.is_relative_to(folder) for folder in replaced):
            with contextlib.suppress(OSError):
                os.link(source, copy)
                continue
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(source, copy)


def _files(config: Config) -> Iterator[Path]:
    for entry in sorted(config.workspace.iterdir()):
        if entry.name not in NOT_IN_WORKSPACE:
            yield from _below(entry)
    if config.server.is_dir():
        for entry in sorted(config.server.iterdir()):
            if entry.name not in NOT_IN_SERVER and ".db" not in entry.suffixes and not entry.name.endswith((".db-wal", ".db-shm")):
                yield from _below(entry)


def _below(entry: Path) -> Iterator[Path]:
    if entry.is_symlink():
        return
    if entry.is_file():
        yield entry
    elif entry.is_dir():
        yield from (path for path in sorted(entry.rglob("*")) if path.is_file() and not path.is_symlink() and path.suffix != ".draft")


def _check_room(config: Config, path: Path, scratch: Path) -> None:
    """Refuse before anything large is written when it cannot fit."""
    files = sum(entry.stat().st_size for entry in (scratch / "workspace").rglob("*") if entry.is_file())
    databases = sum(file.stat().st_size for file in (config.database, config.audit_database, config.inbox) if file.exists())
    for folder, needed in ((path.parent, files + databases), (scratch, databases)):
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise DiskFull(
                f"{free / 1e9:.1f} GB are free in {folder}, and the backup needs {needed / 1e9:.1f} GB there.",
                expected="room for a whole copy",
                remedy="Free some space, or write the backup to another disk.",
            )


def describe(report: BackupReport) -> dict[str, Any]:
    """Plain values, ready for JSON."""
    return {"path": str(report.path), "bytes": report.bytes, "files": report.files, "still_seconds": round(report.still_seconds, 3)}
