"""`regulars upgrade`: bring an installation to this version."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from regulars.cli.app import Shared


@click.command("upgrade")
@click.option(
    "--backups",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the backup that is made first (default: server/backups).",
)
@click.pass_obj
def command(shared: Shared, backups: Path | None) -> None:
    """Bring the installation's data to this version: back up, migrate, and let the doctor look. `regulars up` does the same when it starts.

    Install the new version first, with `regulars up` ended.
    """
    import regulars
    from regulars.workspace import Workspace
    from regulars_server.running.checks import check
    from regulars_server.running.environment import config_of
    from regulars_server.running.supervisor import alone, prepared

    config = config_of(shared.folder)
    Workspace.open(config.workspace)
    with alone(config, "`regulars upgrade`"):
        answer = prepared(config, backups.expanduser().absolute() if backups else None)
        if answer["backup"]:
            click.echo(f"Backed up first: {answer['backup']}")
        click.echo(f"{len(answer['migrated'])} migrations were run. The data are those of Regulars {regulars.__version__} now.")
    findings = check(config.workspace)
    for finding in findings:
        click.echo(f"{finding.mark}  {finding.text}")
    if any(finding.code in {"server.databases", "server.audit"} and finding.state == "look" for finding in findings):
        sys.exit(1)
