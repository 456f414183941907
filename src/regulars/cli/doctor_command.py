"""`regulars doctor`: check the workspace and propose settings."""

from __future__ import annotations

import click

from regulars.cli.app import Shared, show_json


@click.command("doctor")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(shared: Shared, form: str) -> None:
    """Check the workspace: files, data quality, money, how long a silence means something here; and the application, where it was started."""
    from regulars.doctor import examine

    report = examine(shared.open())
    if form == "json":
        show_json(report.as_dict())
        return
    for finding in report.findings:
        click.echo(f"{finding.mark}  {finding.text}")
