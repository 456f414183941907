"""`regulars demo`: from a real shop's orders to its retention review."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from regulars.cli.import_command import import_with_progress
from regulars.cli.output import aligned
from regulars.cli.review_command import REVIEW

if TYPE_CHECKING:
    from regulars.cli.app import Shared


@click.command("demo")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("regulars-demo"), show_default=True, help="Where to make the demo workspace."
)
@click.option("--pdf", is_flag=True, help="Write a PDF of the review too; needs Chromium or Chrome.")
@click.pass_obj
def command(shared: Shared, folder: Path, *, pdf: bool) -> None:
    """Import the real orders of CDNOW (a music shop, 1997-1998), print the headline numbers and write the review. Needs no network."""
    import regulars
    from regulars import metrics
    from regulars.demo import cdnow_orders
    from regulars.metrics.results import shown, shown_interval
    from regulars.reports import pdf as write_pdf

    del shared
    workspace = regulars.open(folder, name="CDNOW", currency="USD")
    with cdnow_orders() as path:
        click.echo(str(import_with_progress(workspace, (path,), currency="USD")))
    with workspace.session() as session:
        month = session.month_before_as_of()
        click.echo(f"\n{month.start:%B %Y}")
        values = [
            next(iter(metrics.run(session, name, [month])))
            for name in ("customer_count", "revenue", "average_order_value", "churn_rate", "repeat_purchase_rate")
        ]
        rows = [[value.card.title, shown(value), shown_interval(value)] for value in values]
        click.echo(aligned(["", "value", "95 % interval"], rows, right=[1]))
    page = workspace.review().write(REVIEW)
    click.echo(f"\nThe retention review: {page.absolute()}")
    if pdf:
        click.echo(f"As a PDF: {write_pdf(page, page.with_suffix('.pdf'))}")
