"""`regulars tables`: the canonical tables and their rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from regulars.cli.output import FORMATS, aligned, write
from regulars.errors import UnknownName
from regulars.tables import TABLES

if TYPE_CHECKING:
    from regulars.cli.app import Shared


@click.command("tables")
@click.argument("name", required=False)
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write to a file.")
@click.option("--limit", type=int, default=20, show_default=True, help="Rows to show as a table.")
@click.option("--columns", is_flag=True, help="Show the table's columns instead of its rows.")
@click.pass_obj
def command(shared: Shared, name: str | None, form: str, out: Path | None, limit: int, *, columns: bool) -> None:
    """List the tables with their rows, or show the rows of the table NAME that are in force."""
    if name is not None and name not in TABLES:
        raise UnknownName(f"There is no table '{name}'.", expected=", ".join(TABLES), remedy="See: regulars tables")
    if name is not None and columns:
        rows = [[c.name, c.type.value, c.unit or "", "required" if c.required else "", c.meaning] for c in TABLES[name].columns]
        click.echo(f"{name}: one row is {TABLES[name].row_is}.\n")
        click.echo(aligned(["column", "type", "unit", "", "meaning"], rows))
        return
    from regulars.warehouse.engines.duckdb import DuckDB

    snapshot = shared.open().snapshot()
    with DuckDB() as engine:
        for table in TABLES.values():
            engine.read(table, snapshot.files(table.name))
        in_force = "from {0} r where not exists (select 1 from supersessions s where s.table_name = '{0}' and s.superseded_key = r.row_key and s.superseded_source = r.source and s.superseded_load_id = r.load_id)"
        if name is None:
            counts = [engine.run(f"select count(*) as n {in_force.format(t)}").column("n")[0].as_py() for t in TABLES]
            click.echo(
                aligned(
                    ["table", "rows", "one row is"],
                    [[t.name, f"{n:,}", t.row_is] for t, n in zip(TABLES.values(), counts, strict=True)],
                    right=[1],
                )
            )
            return
        write(engine.run(f"select r.* {in_force.format(name)} order by occurred_at, row_key"), form, out, limit=limit)
