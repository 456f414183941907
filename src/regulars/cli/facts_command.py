"""`regulars facts`: one row per customer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from regulars.cli.output import FORMATS, write

if TYPE_CHECKING:
    from regulars.cli.app import Shared


@click.command("facts")
@click.option("--as-of", help="Instant or date; a date means the end of that day (default: the last complete day in the data).")
@click.option("--customer", help="Only this customer, one fact a line.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write to a file.")
@click.option("--limit", type=int, default=20, show_default=True, help="Rows to show as a table.")
@click.pass_obj
def command(shared: Shared, as_of: str | None, customer: str | None, form: str, out: Path | None, limit: int) -> None:
    """Show one row per customer: orders, value, rhythm, returns, answers, tickets, subscriptions, as of an instant."""
    result = shared.open().facts(as_of=as_of)
    table = result.to_arrow()
    if customer is not None:
        import pyarrow as pa
        import pyarrow.compute as pc

        from regulars.errors import PersonUnknown

        table = table.filter(pc.equal(table["customer_id"], customer))
        if not table.num_rows:
            raise PersonUnknown(
                f"There is no customer '{customer}' as of {result.as_of}.", expected="a customer_id", remedy="See: regulars facts"
            )
        if form == "table":
            pairs = [(name, value) for name, value in table.to_pylist()[0].items() if value is not None]
            table = pa.table({"fact": [p[0] for p in pairs], "value": [str(p[1]) for p in pairs]})
            limit = len(pairs)
    write(table, form, out, limit=limit)
