"""`regulars backup`: one consistent copy of everything."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from regulars.cli.app import Shared


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="Afterwards delete all but the latest so many backups in TARGET, a folder.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(shared: Shared, target: Path, keep: int | None, form: str) -> None:
    """Copy the whole installation into TARGET, a new file, or a folder that gets a file named by the time. Everything may run meanwhile.

    Whatever was acknowledged before is in it, once. It holds personal data; the keys that open doors (server/secrets.json) are not in it:
    keep a copy of that file elsewhere, so that sessions and links stay good when you restore.
    """
    from regulars.cli.app import show_json
    from regulars.workspace import Workspace
    from regulars_server.running.backup import describe, keep_latest, write_backup
    from regulars_server.running.environment import config_of, environment_of, start_django

    if keep is not None and not target.is_dir():
        raise click.UsageError("--keep needs a TARGET that is a folder.")
    config = config_of(shared.folder)
    Workspace.open(config.workspace)
    os.environ.update(environment_of(config))
    start_django()
    report = write_backup(config, target, now=datetime.now(UTC))
    gone = keep_latest(report.path.parent, keep, made=report.path) if keep is not None else []
    if form == "json":
        show_json(describe(report))
        return
    click.echo(
        f"{report.path}: {report.bytes / 1e6:,.1f} MB, {report.files:,} files. Loading stood still for {report.still_seconds:.1f} s."
    )
    if gone:
        click.echo(f"Deleted {len(gone)} earlier ones.")
    click.echo(f"Not in it: {config.secrets_file}. Keep a copy of it elsewhere.")
