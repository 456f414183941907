"""`regulars compact`: merge small files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from regulars.cli.output import aligned

if TYPE_CHECKING:
    from regulars.cli.app import Shared


@click.command("compact")
@click.pass_obj
def command(shared: Shared) -> None:
    """Merge small files and put the rows of a customer together."""
    files = shared.open().compact()
    click.echo(aligned(["table", "files"], [[table, str(count)] for table, count in files.items()], right=[1]))
