"""`regulars restore`: an installation from a backup, onto an empty machine."""

from __future__ import annotations

import json
import os
import secrets as random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import regulars
from regulars.warehouse.changes import Places
from regulars.warehouse.files import disk_room, sync_folder, write_json
from regulars_server.config import Secrets
from regulars_server.running import archive
from regulars_server.running.backup import REFERENCE_KEY
from regulars_server.running.environment import environment_of, start_django
from regulars_server.running.errors import BackupRefused, BackupUnreadable, LaterVersion
from regulars_server.running.preparing import is_later, make_schemas

if TYPE_CHECKING:
    from pathlib import Path

    from regulars_server.config import Config


def restore(config: Config, backup: Path, *, secrets: Path | None = None) -> dict[str, Any]:
    """Put an installation where nothing is: into a missing or empty folder and, with PostgreSQL, a database without our schemas.

    With `secrets`, the `secrets.json` of before, sessions and links stay as they were; without it new keys are made. Returns the backup's manifest.
    Raises `BackupRefused`, `BackupUnreadable`, `LaterVersion`, `DiskFull`; nothing is left then.
    """
    folder = config.workspace
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupRefused(
            f"{folder} is not empty.", expected="a folder that is missing or empty", remedy="Give another folder with --workspace."
        )
    aside = folder.with_name(f".{folder.name}.{os.getpid()}.restoring")
    with disk_room(folder.parent):
        aside.mkdir(parents=True, mode=0o700)
        try:
            manifest = archive.unpack(backup, aside / "unpacked")
            _check(config, manifest)
            made = replace(config, workspace=aside / "unpacked" / "workspace")
            _keys(made, aside / "unpacked" / REFERENCE_KEY, secrets)
            _databases(made, aside / "unpacked", manifest)
            Places(made.workspace).make()
            made.make_folders()
            if folder.exists():
                folder.rmdir()
            made.workspace.rename(folder)
            sync_folder(folder.parent)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return manifest


def _check(config: Config, manifest: dict[str, Any]) -> None:
    kind = "postgresql" if config.uses_postgres else "sqlite"
    if manifest["database"] != kind:
        raise BackupRefused(
            f"The backup was made with {manifest['database']}, and {kind} is configured.",
            expected="the same kind of database",
            remedy="Set REGULARS_DATABASE_URL to an empty PostgreSQL database, or leave it away for SQLite.",
        )
    if is_later(manifest["version"]):
        raise LaterVersion(
            f"The backup was made by Regulars {manifest['version']}; this is {regulars.__version__}.",
            expected="a backup of this version or an earlier one",
            remedy="Install that version, restore with it, and then upgrade as you like.",
        )


def _keys(config: Config, reference_key: Path, secrets: Path | None) -> None:
    names = Secrets.__slots__
    try:
        values = json.loads(secrets.read_text(encoding="utf-8")) if secrets else {name: random.token_urlsafe(48) for name in names}
        kept = {name: str(values[name]) for name in names}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupRefused(
            f"{secrets} is not the keys of an installation ({type(error).__name__}).",
            expected="the file secrets.json of the installation that was backed up",
            remedy="Give it, or leave --secrets away: then new keys are made.",
        ) from None
    if not secrets:
        kept["reference_key"] = reference_key.read_text(encoding="ascii")
    config.server.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_json(config.secrets_file, kept, mode=0o600)


def _databases(config: Config, unpacked: Path, manifest: dict[str, Any]) -> None:
    if config.database_url:
        from regulars_server.running.postgres_copy import empty, fill, refuse_used

        refuse_used(config.database_url)
        try:
            make_schemas(config.database_url)
            os.environ.update(environment_of(config))
            start_django()
            _tables_as_they_were(config, manifest)
            fill(config.database_url, unpacked, manifest)
        except BaseException:
            empty(config.database_url)
            raise
        return
    for path in (config.database, config.audit_database, config.inbox):
        copy = unpacked / "databases" / path.name
        if not copy.exists():
            continue
        with closing(sqlite3.connect(copy)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise BackupUnreadable(f"The database {path.name} in the backup is damaged: {found}.", expected="a whole database")
        copy.rename(path)


def _tables_as_they_were(config: Config, manifest: dict[str, Any]) -> None:
    """Empty tables in the form in which the backup's rows come; what is newer comes with the upgrade, after the rows."""
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    from regulars_server.intake.door.inbox import open_inbox

    for alias, names in manifest["migrations"].items():
        executor = MigrationExecutor(connections[alias])
        wanted = {tuple(name.split(".", 1)) for name in names} & set(executor.loader.graph.nodes)
        unknown = {name.split(".", 1)[0] for name in names} & executor.loader.migrated_apps
        missing = [name for name in names if tuple(name.split(".", 1)) not in wanted and name.split(".", 1)[0] in unknown]
        if missing:
            raise LaterVersion(
                f"The backup has migrations that this version does not know: {', '.join(missing[:3])}.",
                expected="a backup of this version or an earlier one",
                remedy="Install the version that made it.",
            )
        nodes = executor.loader.graph.node_map
        last = [key for key in sorted(wanted) if not any(child.key in wanted and child.key[0] == key[0] for child in nodes[key].children)]
        executor.migrate(last)
        connections[alias].close()
    open_inbox(config).close()
