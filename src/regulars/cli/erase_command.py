"""`regulars erase`: remove a person."""

from __future__ import annotations

from dataclasses import asdict

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
        show_json(asdict(report))
        return
    done = "Deleted" if report.strict else "Anonymised"
    click.echo(
        f"{done} {sum(report.rows.values()):,} rows: {', '.join(f'{table} {count:,}' for table, count in report.rows.items() if count)}."
    )
    if report.quarantined:
        click.echo(f"Emptied {report.quarantined:,} rows in quarantine.")
    click.echo(
        f"{report.identities:,} ids, e-mail addresses and phone numbers are refused from now on. Nothing was kept of them but keyed hashes."
    )
