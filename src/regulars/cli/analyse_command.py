"""`regulars analyse`: cohorts, RFM and the other analyses."""

from __future__ import annotations

from pathlib import Path

import click

from regulars.cli.app import Shared, show_json
from regulars.cli.metrics_command import plain_value
from regulars.cli.output import FORMATS, aligned, write
from regulars.errors import ArgumentRefused


@click.command("analyse")
@click.argument("name", required=False)
@click.option("--as-of", help="Instant or date; a date means the end of that day (default: the last complete day in the data).")
@click.option("--arg", "pairs", multiple=True, metavar="NAME=VALUE", help="An argument of the analysis.")
@click.option("--table", "wanted", help="Only this one of the analysis's tables.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write to a file.")
@click.option("--limit", type=int, default=30, show_default=True, help="Rows to show of each table.")
@click.pass_obj
def command(
    shared: Shared, name: str | None, as_of: str | None, pairs: tuple[str, ...], wanted: str | None, form: str, out: Path | None, limit: int
) -> None:
    """Run the analysis NAME; without a name, list them."""
    from regulars import analyses

    if name is None:
        click.echo(aligned(["analysis", "question"], [[a.name, a.question] for a in analyses.catalogue().values()]))
        return
    arguments = {}
    for pair in pairs:
        key, mark, value = pair.partition("=")
        if not mark:
            raise ArgumentRefused(f"--arg {pair} is not a pair.", expected="NAME=VALUE", remedy="Write, for example: --arg of=customers")
        arguments[key] = plain_value(value)
    result = shared.open().analyse(name, as_of=as_of, **arguments)
    tables = {key: table.to_arrow() for key, table in result.tables.items() if wanted in (None, key)}
    if not tables:
        raise ArgumentRefused(
            f"{name} has no table '{wanted}'.", expected=", ".join(result.tables), remedy="Use one of these after --table."
        )
    if form == "json":
        show_json(
            {
                "analysis": name,
                "tables": {key: table.to_pylist() for key, table in tables.items()},
                "notes": [str(note) for note in result.notes],
            }
        )
        return
    if form in ("csv", "parquet") and len(tables) > 1:
        raise ArgumentRefused(
            f"{name} gives {len(tables)} tables: {', '.join(tables)}.", expected="one of them", remedy=f"Add: --table {next(iter(tables))}"
        )
    for key, table in tables.items():
        if form == "table":
            click.echo(click.style(f"{key}", bold=True))
        write(table, form, out, limit=limit)
        if form == "table":
            click.echo()
    if form == "table":
        for note in result.notes:
            click.echo(f"Note: {note}")
