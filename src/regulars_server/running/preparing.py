"""Making an installation ready: workspace, folders, keys, databases, the first owner. A process of its own; it answers in JSON.

`python -m regulars_server.running.preparing [FOLDER FOR BACKUPS | --workspace]`
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import regulars
from regulars.errors import RegularsError
from regulars.warehouse.files import read_json, write_json
from regulars_server.config import Config, Secrets
from regulars_server.running.children import die_with
from regulars_server.running.environment import start_django
from regulars_server.running.errors import LaterVersion, OtherDatabase, UpgradeFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMAS = ("regulars", "regulars_audit")
"""Where everything lies in PostgreSQL."""

log = logging.getLogger("regulars.preparing")
KEPT_BACKUPS = 3
"""So many of the backups that upgrades make by themselves stay."""


def prepare(config: Config, backups: Path | None = None) -> dict[str, Any]:
    """Everything that has to be there before the processes start; what is there already stays as it is.

    Data of an earlier version are backed up into the folder `backups` first. Says the version of before (`was`), the backup's path (`backup`), the migrations that were run (`migrated`), and the address at which the first owner sets a password (`owner_link`), as long
    as nobody can sign in. Raises `OtherDatabase`, `LaterVersion`, `UpgradeFailed`.
    """
    make_workspace(config)
    config.make_folders()
    Secrets.of(config)
    check_installation(config)
    if config.database_url:
        make_schemas(config.database_url)
    start_django()
    was = installation(config).get("version")
    backup, migrated = upgrade(config, backups or config.backups)
    write_installation(config)
    from regulars_server.intake.public import ensure_default_source, open_inbox
    from regulars_server.team.public import first_owner_link

    open_inbox().close()
    ensure_default_source(datetime.now(UTC))
    return {"was": was, "backup": backup, "migrated": migrated, "owner_link": first_owner_link(now=datetime.now(UTC))}


def make_workspace(config: Config) -> bool:
    """The library's workspace, made when the folder is missing or empty; says whether it was."""
    existed = (config.workspace / "workspace.json").is_file()
    regulars.open(config.workspace)
    return not existed


def check_installation(config: Config) -> None:
    """Refuse data of a later version, or data that lie in a database of the other kind."""
    found = installation(config)
    kind = "postgresql" if config.uses_postgres else "sqlite"
    if found.get("database", kind) != kind:
        raise OtherDatabase(
            f"The data of this installation lie in {found['database']}, and {kind} is configured.",
            expected="the database that the installation was made with",
            remedy="Set REGULARS_DATABASE_URL as it was, or leave it away if it was not set.",
        )
    if is_later(found.get("version", "0")):
        raise LaterVersion(
            f"These data were last used by Regulars {found['version']}; this is {regulars.__version__}.",
            expected="the same version or an earlier one",
            remedy="Install the later version again, or restore the backup that was made before the upgrade.",
        )


def installation(config: Config) -> dict[str, Any]:
    """What the installation's file says; empty for a new one."""
    return dict(read_json(config.installation_file)) if config.installation_file.exists() else {}


def write_installation(config: Config) -> None:
    """Note the version that looks after the data now."""
    kind = "postgresql" if config.uses_postgres else "sqlite"
    noted = {"version": regulars.__version__, "database": kind}
    if installation(config) != noted:
        write_json(config.installation_file, noted, mode=0o600)


def make_schemas(database_url: str) -> None:
    """The schemas in PostgreSQL: they have to be there before anything that names them in its search path."""
    import psycopg

    with psycopg.connect(database_url, connect_timeout=10) as connection:
        for schema in SCHEMAS:
            there = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone()
            if there is None:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}".encode())


def pending_migrations() -> list[str]:
    """Migrations that were not run, in either database."""
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    found: dict[str, None] = {}
    for name in ("default", "audit"):
        executor = MigrationExecutor(connections[name])
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        found.update({f"{migration.app_label}.{migration.name}": None for migration, _ in plan})
    return list(found)


def unknown_migrations() -> list[str]:
    """Migrations that were run and that this version does not know: the data are of a later one."""
    from django.db import connections
    from django.db.migrations.loader import MigrationLoader

    found = set()
    for name in ("default", "audit"):
        loader = MigrationLoader(connections[name])
        found |= {f"{app}.{migration}" for app, migration in loader.applied_migrations if app in loader.migrated_apps} - _known(loader)
    return sorted(found)


def _known(loader: Any) -> set[str]:
    replaced: Iterable[tuple[str, str]] = (key for migration in loader.disk_migrations.values() for key in migration.replaces)
    return {f"{app}.{name}" for app, name in [*loader.disk_migrations, *replaced]}


def upgrade(config: Config, backups: Path) -> tuple[str | None, list[str]]:
    """Bring both databases to this version, data after a backup; says where the backup is and which migrations were run."""
    pending = pending_migrations()
    if not pending or not _holds_data():
        return None, migrate()
    from regulars_server.running.backup import keep_latest, write_backup

    refuse_later()
    backups.mkdir(parents=True, exist_ok=True, mode=0o700)
    report = write_backup(config, backups, now=datetime.now(UTC))
    try:
        migrated = migrate()
    except Exception as fault:
        raise UpgradeFailed(
            f"Bringing the databases to this version failed: {type(fault).__name__}: {fault}",
            expected="migrations that run to their end",
            remedy=f"Restore {report.path} into an empty folder with the version of before, and report this.",
            details={"backup": str(report.path)},
        ) from fault
    if backups == config.backups:
        try:
            keep_latest(backups, KEPT_BACKUPS, made=report.path)
        except OSError as fault:
            # The databases are of this version, and the backup is there: earlier ones that stay are no reason to fail.
            log.warning("an earlier backup could not be deleted: %s", fault.strerror)
    return str(report.path), migrated


def _holds_data() -> bool:
    """Whether the database was in use before: something was migrated."""
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    return bool(MigrationRecorder(connection).applied_migrations())


def migrate() -> list[str]:
    """Bring both databases to this version; says which migrations were run. Raises `LaterVersion`."""
    from django.core.management import call_command

    refuse_later()
    pending = pending_migrations()
    if pending:
        for name in ("default", "audit"):
            call_command("migrate", database=name, verbosity=0, interactive=False)
    return pending


def refuse_later() -> None:
    """Raise `LaterVersion` for databases that a later version has migrated."""
    later = unknown_migrations()
    if later:
        raise LaterVersion(
            f"The databases were migrated by a later version: {', '.join(later[:3])}.",
            expected="migrations that this version knows",
            remedy="Install the later version again, or restore the backup that was made before the upgrade.",
        )


def is_later(version: str) -> bool:
    """Whether a version is later than this one."""
    return _number(version) > _number(regulars.__version__)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())


def main(arguments: list[str]) -> int:
    """Prepare, or only make the workspace, and answer with one line of JSON."""
    die_with(os.getppid())
    os.umask(0o077)
    config = Config.from_environment()
    try:
        if arguments == ["--workspace"]:
            answer = {"made": make_workspace(config)}
        else:
            answer = prepare(config, Path(arguments[0]) if arguments else None)
    except RegularsError as refusal:
        sys.stdout.write(json.dumps({"refused": refusal.as_dict()}, default=str) + "\n")
        return refusal.exit_code
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
