"""`regulars init`: make a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from regulars.cli.app import Shared


@click.command("init")
@click.option("--name", help="Name of the business (default: the folder's name).")
@click.option("--currency", help="Currency that money is shown in, ISO 4217 (default: that of the first import).")
@click.option("--time-zone", default="UTC", show_default=True, help="The company's time zone, for example Europe/Berlin.")
@click.option(
    "--inactive-after-days", type=int, help="Days without an order that make a customer inactive (default: 90; see `regulars doctor`)."
)
@click.pass_obj
def command(shared: Shared, name: str | None, currency: str | None, time_zone: str, inactive_after_days: int | None) -> None:
    """Make a workspace: the folder that holds everything of one business."""
    from regulars.workspace import Workspace

    given = {
        "name": name,
        "currency": currency.upper() if currency else None,
        "time_zone": time_zone,
        "inactive_after_days": inactive_after_days,
    }
    workspace = Workspace.create(shared.folder, **{key: value for key, value in given.items() if value is not None})
    click.echo(f"Made the workspace {workspace.settings.name} in {workspace.folder}.")
    click.echo("Next: regulars import FILE...")
