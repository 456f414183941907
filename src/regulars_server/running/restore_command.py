"""`regulars restore`: an installation from a backup."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from regulars.cli.app import Shared


@click.command("restore")
@click.argument("backup", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--secrets",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file server/secrets.json of before; without it new keys are made and everybody signs in again.",
)
@click.pass_obj
def command(shared: Shared, backup: Path, secrets: Path | None) -> None:
    """Make an installation from the file BACKUP, in a workspace folder that is missing or empty.

    Every file is compared with the checksum that was taken of it. With REGULARS_DATABASE_URL the database must not hold an installation yet.
    """
    from regulars_server.running.environment import config_of
    from regulars_server.running.restore import restore

    config = config_of(shared.folder)
    manifest = restore(config, backup.expanduser().absolute(), secrets=secrets)
    click.echo(
        f"Restored {len(manifest['files']):,} files of {manifest['made_at'][:19]} into {config.workspace}; all are as they were written."
    )
    click.echo(
        f"Persons who were erased since then are in it again: erase them once more. Start: regulars up --workspace {config.workspace}"
    )
