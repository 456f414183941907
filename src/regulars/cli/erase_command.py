"""`regulars erase`: remove a person."""

from __future__ import annotations

import click

from regulars.cli.app import Shared, show_json


@click.command("erase")
@click.argument("customer")
@click.option("--strict", is_flag=True, help="Delete the rows; past totals change. Without it the rows stay, with nobody in them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(shared: Shared, customer: str, form: str, *, strict: bool, yes: bool) -> None:
    """Remove the person CUSTOMER (a customer id, identity, e-mail or phone) from every store of the workspace; this cannot be undone."""
    workspace = shared.open()
    if not yes:
        click.confirm(f"Remove {customer} from {workspace.folder} for good?", abort=True, err=True)
    report = workspace.erase(customer, strict=strict)
    if form == "json":
        show_json(report.as_dict())
    else:
        click.echo(str(report))
