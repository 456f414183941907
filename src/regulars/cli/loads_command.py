"""`regulars loads`: what was imported, and when."""

from __future__ import annotations

import click

from regulars.cli.app import Shared, show_json
from regulars.cli.output import aligned

SHOWN = 200


@click.command("loads")
@click.option("--all", "everything", is_flag=True, help=f"All of them; without it the latest {SHOWN}.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="JSON always lists all.")
@click.pass_obj
def command(shared: Shared, everything: bool, form: str) -> None:
    """List the loads of the workspace, the oldest first; `regulars import --undo LOAD` takes one out again."""
    workspace = shared.open()
    if form == "json":
        show_json([load.as_dict() for load in workspace.loads()])
        return
    loads = workspace.loads(latest=None if everything else SHOWN + 1)
    if len(loads) > SHOWN and not everything:
        click.echo(f"The latest {SHOWN} loads; with --all you see those before, too.")
        loads = loads[1:]
    rows = [
        [load.load_id, f"{load.loaded_at:%Y-%m-%d %H:%M}", load.source, f"{sum(load.rows.values()):,}", "undone" if load.undone else ""]
        for load in loads
    ]
    click.echo(aligned(["load", "loaded at (UTC)", "source", "rows", ""], rows, right=[3]) if rows else "Nothing is imported yet.")
