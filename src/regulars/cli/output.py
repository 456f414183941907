"""Tables on the terminal and in files: aligned text, JSON, CSV, Parquet."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from regulars.errors import ArgumentRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

FORMATS = ("table", "json", "csv", "parquet")


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Columns of text, two spaces apart; the columns in `right` are aligned to the right."""
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        parts = [str(c).rjust(w) if i in right else str(c).ljust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))]
        return "  ".join(parts).rstrip()

    return "\n".join([line(head), line(["-" * w for w in widths]), *(line(row) for row in rows)])


def write(table: pa.Table, form: str, out: Path | None, *, limit: int | None = None) -> None:
    """Write an Arrow table in a format, to a file or to standard output."""
    if form == "parquet":
        import pyarrow.parquet as pq

        if out is None and sys.stdout.isatty():
            raise ArgumentRefused(
                "Parquet is not for the terminal.", expected="--out FILE or a redirection", remedy="Add: --out answer.parquet"
            )
        pq.write_table(table, out or sys.stdout.buffer)
        return
    text = _text(table, form, limit)
    if out is not None:
        out.write_text(text, encoding="utf-8")
        click.echo(f"Wrote {table.num_rows:,} rows to {out}.", err=True)
    else:
        click.echo(text, nl=not text.endswith("\n"))


def _text(table: pa.Table, form: str, limit: int | None) -> str:
    if form == "json":
        return json.dumps(table.to_pylist(), default=str, indent=2, ensure_ascii=False)
    if form == "csv":
        import io

        import pyarrow.csv as pacsv

        sink = io.BytesIO()
        pacsv.write_csv(table, sink)
        return sink.getvalue().decode()
    import pyarrow as pa

    shown = table.slice(0, limit) if limit is not None else table
    numeric = [i for i, field in enumerate(table.schema) if pa.types.is_integer(field.type) or pa.types.is_floating(field.type)]
    text = aligned(table.schema.names, [[cell(v) for v in row.values()] for row in shown.to_pylist()], right=numeric)
    left = table.num_rows - shown.num_rows
    return text + (f"\n... and {left:,} more rows; see all with --format csv" if left else "")


def cell(value: Any) -> str:
    """One value for the terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".") if value == value else ""  # noqa: PLR0124 - NaN differs from itself
    return str(value)
