"""`regulars review`: write the retention review."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from regulars.cli.app import Shared

REVIEW = Path("retention-review.html")
"""Beside the workspace, not in it: it is the reader's file, and is forwarded."""


@click.command("review")
@click.option("--out", type=click.Path(path_type=Path), default=REVIEW, show_default=True, help="File to write.")
@click.option("--pdf", is_flag=True, help="Write a PDF beside it; needs Chromium or Chrome.")
@click.option("--as-of", help="Instant or date; a date means the end of that day (default: the last complete day in the data).")
@click.option("--names", is_flag=True, help="Show customers by id; hidden otherwise, since the file will be forwarded.")
@click.option(
    "--predictions/--no-predictions",
    default=True,
    show_default=True,
    help="Risk, lights, whether they held, and what comes next; most of the time.",
)
@click.option("--language", type=click.Choice(["en", "de"]), default="en", show_default=True, help="English or German.")
@click.pass_obj
def command(
    shared: Shared, out: Path, as_of: str | None, language: Literal["en", "de"], *, pdf: bool, names: bool, predictions: bool
) -> None:
    """Write the retention review: one self-contained HTML file to read, print and forward."""
    from regulars.reports import pdf as write_pdf

    workspace = shared.open()
    path = workspace.review(as_of=as_of, show_names=names, predictions=predictions, language=language).write(out)
    click.echo(f"Wrote {path}")
    if pdf:
        click.echo(f"Wrote {write_pdf(path, path.with_suffix('.pdf'))}")
