"""`regulars audit`: what was predicted, held against what happened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from regulars.cli.app import Shared, show_json
from regulars.cli.output import FORMATS, aligned, write
from regulars.errors import ArgumentRefused

if TYPE_CHECKING:
    from datetime import date

    from regulars.predictions.auditing import Audit
    from regulars.results import TableResult


@click.command("audit")
@click.argument("what", type=click.Choice(["lights", "clv", "churn"]))
@click.option("--horizon", type=click.IntRange(1), help="Days after a look that are judged (default: the setting horizon_days).")
@click.option("--train", multiple=True, help="With churn: a date to learn from, seen as at its end; may be given again.")
@click.option("--test", help="With churn: the date to judge at, seen as at its end.")
@click.option("--as-of", help="Instant or date; a date means the end of that day (default: the last complete day in the data).")
@click.option("--table", "wanted", help="Only this one of the audit's tables.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write to a file.")
@click.option("--limit", type=int, default=30, show_default=True, help="Rows to show of each table.")
@click.pass_obj
def command(
    shared: Shared,
    what: str,
    horizon: int | None,
    train: tuple[str, ...],
    test: str | None,
    as_of: str | None,
    wanted: str | None,
    form: str,
    out: Path | None,
    limit: int,
) -> None:
    """Look at earlier days with the eyes of then, and at what happened since: did the reds leave, did customers bring what was expected?

    WHAT is lights, churn or clv. Nothing of the days after a look flows into what is said of it.
    """
    from regulars.cli.progress import telling

    days = {"train": _days(train), "test": _days((test,) if test else ())}
    with telling() as progress:
        found = shared.open().audit(what, as_of=as_of, horizon_days=horizon, progress=lambda doing: progress(doing, 0, 0), **days)
    _show(found, wanted, form, out, limit)


def _days(texts: tuple[str, ...]) -> list[date]:
    from regulars.periods import day

    return [found for text in texts if (found := day(text)) is not None]


def _show(found: Audit, wanted: str | None, form: str, out: Path | None, limit: int) -> None:
    if wanted is not None and wanted not in found.tables:
        raise ArgumentRefused(
            f"The audit of {found.name} has no table '{wanted}' here.",
            expected=", ".join(found.tables) or "no table: there is nothing to compare yet",
            remedy="Use one of these after --table.",
        )
    tables = {name: table for name, table in found.tables.items() if wanted in (None, name)}
    if form == "json":
        plain: dict[str, Any] = {name: table.to_pylist() for name, table in tables.items()}
        show_json({"audit": found.name, "answer": found.answer, "tables": plain, "notes": list(found.notes)})
        return
    if form != "table":
        if len(tables) != 1:
            raise ArgumentRefused(
                f"The audit of {found.name} gives {len(tables)} tables: {', '.join(tables)}.",
                expected="one of them",
                remedy=f"Add: --table {next(iter(tables), 'NAME')}",
            )
        write(next(iter(tables.values())).to_arrow(), form, out)
        return
    text = "\n".join([found.answer, *(part for name, table in tables.items() for part in ("", name, *_lines(table, limit)))])
    text = "\n".join([text, "", *(f"Note: {note}" for note in found.notes)]).rstrip()
    if out is None:
        click.echo(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")
        click.echo(f"Wrote {len(tables)} tables to {out}.", err=True)


def _lines(table: TableResult, limit: int) -> list[str]:
    rows = [
        tuple(_cell(name, value, said) for (name, value), said in zip(row.items(), shown, strict=True))
        for row, shown in zip(table.to_arrow().slice(0, limit).to_pylist(), table.shown_rows(limit), strict=True)
    ]
    left = len(table) - len(rows)
    return [
        aligned(table.shown_columns(), rows, right=_numeric(table)),
        *([f"... and {left:,} more rows; see all with --format csv"] if left > 0 else []),
    ]


def _cell(name: str, value: Any, shown: str) -> str:
    """Scores of a model differ in the third place or later."""
    is_score = isinstance(value, float) and abs(value) < 10 and not name.endswith(("_share", "_minor"))
    return f"{value:.4f}" if is_score else shown


def _numeric(table: TableResult) -> list[int]:
    import pyarrow as pa

    schema = table.to_arrow().schema
    return [i for i, field in enumerate(schema) if pa.types.is_integer(field.type) or pa.types.is_floating(field.type)]
