"""`regulars demo`: from a shop's orders to its retention review."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from regulars.cli.import_command import import_with_progress
from regulars.cli.output import aligned
from regulars.cli.review_command import REVIEW

if TYPE_CHECKING:
    from regulars.cli.app import Shared
    from regulars.workspace import Workspace

SYNTHETIC_CUSTOMERS = 2_000
"""Enough for every part of the review, and made in seconds."""


@click.command("demo")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("regulars-demo"), show_default=True, help="Where to make the demo workspace."
)
@click.option(
    "--company",
    type=click.Choice(["cdnow", "synthetic"]),
    default="cdnow",
    show_default=True,
    help="The real orders of CDNOW, or a made-up shop with campaigns, surveys, support cases and points too.",
)
@click.option("--pdf", is_flag=True, help="Write a PDF of the review too; needs Chromium or Chrome.")
@click.pass_obj
def command(shared: Shared, folder: Path, *, company: str, pdf: bool) -> None:
    """Import the real orders of CDNOW (a music shop, 1997-1998), print the headline numbers and write the review. Needs no network.

    Called again, it finds what is there and writes the review anew.
    """
    from regulars.reports import pdf as write_pdf

    del shared
    workspace = _cdnow(folder) if company == "cdnow" else _synthetic(folder)
    _print_headline(workspace)
    page = workspace.review().write(REVIEW)
    click.echo(f"\nThe retention review: {page.absolute()}")
    if pdf:
        click.echo(f"As a PDF: {write_pdf(page, page.with_suffix('.pdf'))}")


def _cdnow(folder: Path) -> Workspace:
    import regulars
    from regulars.demo import cdnow_orders

    workspace = regulars.open(folder, name="CDNOW", currency="USD")
    with cdnow_orders() as path:
        click.echo(str(import_with_progress(workspace, (path,), currency="USD")))
    return workspace


def _synthetic(folder: Path) -> Workspace:
    import regulars
    from regulars.synthetic import Company, fill

    workspace = regulars.open(folder, name="Synthetic shop", currency="EUR")
    if not workspace.loads(latest=1):
        company = Company(customers=SYNTHETIC_CUSTOMERS)
        # Its history ends yesterday: a call of today is the next day, and does not find everybody gone for months.
        company = replace(company, first_day=datetime.now(UTC).date() - timedelta(days=company.days))
        fill(workspace, company)
        click.echo(f"Made a shop of {company.customers:,} customers; what is true of it: regulars simulate --truth --workspace {folder}")
    return workspace


def _print_headline(workspace: Workspace) -> None:
    from regulars import metrics
    from regulars.metrics.results import shown, shown_interval

    with workspace.session() as session:
        month = session.month_before_as_of()
        click.echo(f"\n{month.start:%B %Y}")
        values = [
            next(iter(metrics.run(session, name, [month])))
            for name in ("customer_count", "revenue", "average_order_value", "churn_rate", "repeat_purchase_rate")
        ]
        rows = [[value.card.title, shown(value), shown_interval(value)] for value in values]
        click.echo(aligned(["", "value", "95 % interval"], rows, right=[1]))
