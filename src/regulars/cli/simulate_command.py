"""`regulars simulate`: a company whose truth is known."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import click

from regulars.cli.app import Shared, show_json
from regulars.cli.output import aligned
from regulars.errors import NoData

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars.synthetic import Company
    from regulars.warehouse.loads import LoadRecord
    from regulars.workspace import Workspace


@click.command("simulate")
@click.option("--customers", type=int, default=10_000, show_default=True, help="How many customers; accounts with --kind saas.")
@click.option("--months", type=int, default=24, show_default=True, help="How long its history is.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same rows.")
@click.option(
    "--kind",
    type=click.Choice(["shop", "saas", "purchases"]),
    default="shop",
    show_default=True,
    help="A shop; a company that sells subscriptions to companies; or purchases with little beside.",
)
@click.option("--truth", is_flag=True, help="Print what is true of the company in the workspace, as JSON, and make nothing.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print what was made."
)
@click.pass_obj
def command(shared: Shared, customers: int, months: int, seed: int, kind: Any, form: str, *, truth: bool) -> None:
    """Make a company whose truth is known, in a new workspace: orders, campaigns, answers, support cases and more, all drawn by chance.

    Good for trying Regulars out and for checking it: what was planted can be found again. The rows say source "synthetic".
    """
    if truth:
        show_json(_planted(shared.open()))
        return
    from regulars.synthetic import Company

    company = Company(customers=customers, months=months, seed=seed, kind=kind)
    workspace, record = _make(shared, company)
    if form == "json":
        show_json({"workspace": str(workspace.folder), "rows": record.rows, "truth": record.report["truth"]})
        return
    what = "accounts" if kind == "saas" else "customers"
    click.echo(f"Made a company of {customers:,} {what} over {months} months in {workspace.folder} (kind {kind}, seed {seed}).\n")
    rows = [[table, f"{count:,}"] for table, count in sorted(record.rows.items())]
    click.echo(aligned(["table", "rows"], [*rows, ["all", f"{sum(record.rows.values()):,}"]], right=[1]))
    click.echo("\nWhat is true of it (all of it: regulars simulate --truth)")
    for line in _in_words(record.report["truth"]):
        click.echo(f"  {line}")
    click.echo("\nNext: regulars review")


def _make(shared: Shared, company: Company) -> tuple[Workspace, LoadRecord]:
    """Fill a workspace; one that this command made is taken away again when it does not come to the end."""
    import regulars
    from regulars.synthetic import fill

    is_new = not (shared.folder / "workspace.json").is_file()
    workspace = regulars.open(shared.folder)
    show, stop = _progress()
    try:
        return workspace, fill(workspace, company, progress=show)
    except BaseException:
        if is_new and not workspace.loads(latest=1):
            shutil.rmtree(shared.folder)
        raise
    finally:
        stop()


def _progress() -> tuple[Callable[[int, int], None] | None, Callable[[], None]]:
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        return None, lambda: None
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    bar = Progress("customers", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True)
    task = bar.add_task("simulate", total=None)
    bar.start()
    return (lambda done, total: bar.update(task, completed=done, total=total)), bar.stop


def _planted(workspace: Workspace) -> dict[str, Any]:
    from regulars.warehouse.records import BY_THEMSELVES

    for load in workspace.loads(leave_out=BY_THEMSELVES):
        if not load.undone and "truth" in load.report:
            planted: dict[str, Any] = load.report["truth"]
            return planted
    raise NoData(
        f"The workspace in {workspace.folder} holds no synthetic company.",
        expected="a workspace that `regulars simulate` has made",
        remedy="Give its folder with --workspace.",
    )


def _in_words(truth: dict[str, Any]) -> list[str]:
    if truth["kind"] == "saas":
        return _saas_in_words(truth["saas"])
    a, b = truth["dropout_a"], truth["dropout_b"]
    lines = [
        f"orders per day and customer: gamma, shape {truth['rate_shape']}, mean one in {truth['rate_scale_days'] / truth['rate_shape']:.0f} days",
        f"chance to drop out after an order: beta({a}, {b}), mean {a / (a + b):.0%}",
        f"order value: Gamma-Gamma, mean {truth['mean_value_minor'] / 100:,.2f} {truth['currency']}",
    ]
    if truth["kind"] == "shop":
        shop = truth["shop"]
        lines += [
            f"a complaint ({shop['complaint_share']:.0%} of orders) makes the odds of dropping out {shop['complaint_odds']:g} times as high",
            f"{shop['refill_share']:.0%} of customers use something up every {', '.join(str(days) for days in shop['refill_days'])} days",
            f"{shop['affinity_pairs']} pairs of products are bought together, with a chance of {shop['affinity_chance']:.0%}",
            f"boxes are left at a term's end with the chance beta({shop['churn_alpha']}, {shop['churn_beta']})",
        ]
        effects = truth["campaign_effects"]
        assigned = sum(one["assigned"] for one in effects)
        if assigned:
            mean = sum(one["assigned"] * one["effect"] for one in effects) / assigned
            lines.append(f"{len(effects)} campaigns raise the share who order within 30 days by {100 * mean:.1f} points on average")
    return lines


def _saas_in_words(saas: dict[str, Any]) -> list[str]:
    return [
        f"accounts leave at the end of a term of {saas['term_days']} days with the chance beta({saas['churn_alpha']}, {saas['churn_beta']})",
        f"use falls to {saas['decline_to']:.0%} of the usual in the {saas['decline_days']} days before they decide to",
        f"{saas['complaints_before_leaving']:g} complaints come in the same days, beside the usual cases",
        f"{saas['involuntary_share']:.0%} of cancellations come without a warning: a payment failed",
    ]
