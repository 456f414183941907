"""`regulars loads`: what was imported, and when."""

from __future__ import annotations

import click

from regulars.cli.app import Shared, show_json
from regulars.cli.output import aligned


@click.command("loads")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def command(shared: Shared, form: str) -> None:
    """List the loads of the workspace, the oldest first; `regulars import --undo LOAD` takes one out again."""
    loads = shared.open().loads()
    if form == "json":
        show_json([load.as_dict() for load in loads])
        return
    rows = [
        [load.load_id, f"{load.loaded_at:%Y-%m-%d %H:%M}", load.source, f"{sum(load.rows.values()):,}", "undone" if load.undone else ""]
        for load in loads
    ]
    click.echo(aligned(["load", "loaded at (UTC)", "source", "rows", ""], rows, right=[3]) if rows else "Nothing is imported yet.")
