"""`regulars experiment`: plan, assign, read, list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from regulars.cli.app import Shared, show_json
from regulars.cli.output import aligned, cell

if TYPE_CHECKING:
    from regulars.experiments.planning import Outlook
    from regulars.experiments.reading import ExperimentResult

AS_OF = click.option("--as-of", help="Instant or date; a date means the end of that day (default: the last complete day in the data).")
FORMAT = click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)


@click.group("experiment")
def command() -> None:
    """Find out by chance what a campaign changes: plan its size, assign customers to arms, read the lift, list what there is."""


@command.command("plan")
@click.option("--customers", type=click.IntRange(min=4), help="Customers in all arms together (default: all known customers).")
@click.option("--days", type=click.IntRange(1, 3660), default=28, show_default=True, help="Days for which outcomes will be counted.")
@click.option("--treatment-share", type=float, default=0.5, show_default=True, help="Share of the customers that will be treated.")
@click.option("--once", is_flag=True, help="Plan for one look at the end, not for looking at any time.")
@AS_OF
@FORMAT
@click.pass_obj
def plan(shared: Shared, customers: int | None, days: int, treatment_share: float, once: bool, as_of: str | None, form: str) -> None:
    """Say how small an effect so many customers can detect, from what the customers did in the last days before as-of."""
    from regulars.experiments.planning import outlook
    from regulars.experiments.power import Plan

    wanted = Plan(treatment_share=treatment_share, any_time=not once)
    found = shared.open().ask(lambda session: outlook(session, days=days, customers=customers, plan=wanted), as_of=as_of)
    if form == "json":
        show_json(found.as_dict())
    else:
        _show_plan(found)


@command.command("assign")
@click.argument("name")
@click.option("--treatment-share", type=float, help="Share of the customers that are treated (default: 0.5).")
@click.option("--holdout-share", type=float, help="With the name holdout: share of all customers that no experiment ever treats.")
@click.option("--days", type=click.IntRange(1, 3660), help="Days for which outcomes are counted (default: 28).")
@click.option(
    "--planned",
    type=click.IntRange(min=2),
    help="Customers that it is planned for, all arms together (default: those who would be assigned now).",
)
@click.option("--campaign", "campaigns", multiple=True, help="Name that the treatment's messages carry; may be repeated.")
@click.option("--pool", help="Pool that the result will be part of.")
@click.option("--customers", "file", type=click.Path(path_type=Path), help="A text file with one customer_id a line (default: all known).")
@AS_OF
@FORMAT
@click.pass_obj
def assign_customers(shared: Shared, /, name: str, file: Path | None, as_of: str | None, form: str, **declared: Any) -> None:
    """Assign customers to the arms of the experiment NAME, which is declared by the first call and never changes after it.

    Who has an arm keeps it; customers of the company-wide holdout get none. `regulars experiment assign holdout --holdout-share 0.05` makes
    that holdout.
    """
    from regulars.experiments.assignment import assign
    from regulars.experiments.declare import declare

    workspace = shared.open()
    customers = None if file is None else _ids(file)
    experiment = declare(workspace, _declaration(workspace, name, declared, customers, as_of))
    report = assign(workspace, experiment, customers, as_of=as_of)
    if form == "json":
        show_json({"experiment": experiment.as_dict(), "new": dict(report.new), "already": report.already, "held_out": report.held_out})
        return
    click.echo(
        aligned(["arm", "share", "new customers"], [[a, cell(s), cell(report.new[a])] for a, s in experiment.arms.items()], right=(1, 2))
    )
    if report.already:
        click.echo(f"{report.already:,} customers had an arm already and keep it.")
    if report.held_out:
        click.echo(f"{report.held_out:,} customers are held out of everything and have no arm.")


@command.command("read")
@click.argument("name")
@click.option("--uplift", is_flag=True, help="Also learn who responds: Qini, and who is persuadable.")
@click.option("--pool", "as_pool", is_flag=True, help="NAME is a pool: read all experiments that declared it together.")
@AS_OF
@FORMAT
@click.pass_obj
def read_experiment(shared: Shared, name: str, *, uplift: bool, as_pool: bool, as_of: str | None, form: str) -> None:
    """Say what the experiment NAME changed: lift with intervals, whether it may be believed, and the verdict."""
    from regulars.experiments.declare import declarations
    from regulars.experiments.reading import read

    workspace = shared.open()
    known = declarations(workspace)
    if as_pool:
        _read_pool(workspace, name, known, as_of, form)
        return
    result = workspace.ask(lambda session: read(session, known.get(name, name)), as_of=as_of)
    learned = None
    if uplift and not result.is_empty:
        from regulars.experiments.learning import learn

        learned = workspace.ask(lambda session: learn(session, result.experiment), as_of=as_of)
    if form == "json":
        show_json({**result.as_dict(), **({"uplift": learned.as_dict()} if learned else {})})
        return
    _show_result(result)
    if learned:
        click.echo()
        click.echo(learned.text())


@command.command("list")
@FORMAT
@click.pass_obj
def list_experiments(shared: Shared, form: str) -> None:
    """List the declared experiments."""
    from regulars.experiments.declare import declarations

    known = list(declarations(shared.open()).values())
    if form == "json":
        show_json([each.as_dict() for each in known])
        return
    if not known:
        click.echo("No experiment is declared. Make one: regulars experiment assign NAME")
        return
    rows = [
        [
            each.name,
            f"{each.declared_at:%Y-%m-%d}",
            ", ".join(f"{arm} {share:.0%}" for arm, share in each.arms.items()),
            str(each.days or "all"),
            cell(each.planned),
            each.pool or "",
        ]
        for each in known
    ]
    click.echo(aligned(["experiment", "declared", "arms", "days", "planned", "pool"], rows))


def _declaration(workspace: Any, name: str, given: dict[str, Any], customers: list[str] | None, as_of: str | None) -> Any:
    """What the options say; without any, what was declared before. Who says no number plans for those who would be assigned now."""
    from regulars.errors import ArgumentRefused
    from regulars.experiments.assignment import assignable
    from regulars.experiments.declare import HOLDOUT, Experiment, company_holdout, declarations, two_arms

    said = {key: value for key, value in given.items() if value not in (None, ())}
    known = declarations(workspace).get(name)
    if known is not None and not said:
        return known
    if (name == HOLDOUT) != ("holdout_share" in said) or (name == HOLDOUT and not 0 < said["holdout_share"] < 1):
        raise ArgumentRefused(
            "--holdout-share and the name holdout belong together: the company-wide holdout needs its share, and no other experiment has one.",
            expected="a share between 0 and 1",
            remedy="Run: regulars experiment assign holdout --holdout-share 0.05",
        )
    if "planned" not in said and known is not None:
        said["planned"] = known.planned
    elif "planned" not in said:
        found = workspace.ask(lambda session: assignable(workspace, session, customers), as_of=as_of)
        said["planned"] = max(2, len(found))
    if name == HOLDOUT:
        return company_holdout(said["holdout_share"], planned=said["planned"])
    return Experiment(
        name=name,
        arms=two_arms(said.get("treatment_share", 0.5)),
        days=said.get("days", 28),
        planned=said["planned"],
        campaigns=tuple(said.get("campaigns", ())),
        pool=said.get("pool"),
    )


def _ids(file: Path) -> list[str]:
    from regulars.errors import FileMissing

    if not file.is_file():
        raise FileMissing(f"There is no file {file}.", expected="a text file with one customer_id a line", remedy="Check the path.")
    return [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]


def _show_plan(found: Outlook) -> None:
    rows = [[row.outcome, row.shown_baseline, row.shown_detectable, row.shown_relative] for row in found.rows]
    click.echo(f"With {found.customers:,} customers over {found.days} days, {found.how}, you can detect (power {found.power:.0%}):")
    click.echo(aligned(["outcome", "now, per customer", "smallest difference", "in per cent"], rows, right=(1, 2, 3)))
    for note in found.notes:
        click.echo(f"Note: {note}")


def _show_result(result: ExperimentResult) -> None:
    from regulars.experiments.tables import lift_lines
    from regulars.metrics.estimates import Undefined

    click.echo(aligned(result.arms.shown_columns(), result.arms.shown_rows(), right=range(1, len(result.arms.columns))))
    if result.lifts:
        head, rows = lift_lines(result)
        click.echo()
        click.echo(aligned(head, rows, right=(2, 3, 4, 5)))
        click.echo()
        for each in result.lifts:
            click.echo(str(each.verdict))
    ratio = result.sample_ratio
    if not isinstance(ratio, Undefined):
        click.echo(f"Sizes of the arms: {'not ' if ratio.mismatch else ''}as chance gives them (p = {ratio.p_value:.2g}).")
    for note in result.notes:
        click.echo(f"Note: {note}")


def _read_pool(workspace: Any, name: str, known: Any, as_of: str | None, form: str) -> None:
    from regulars.errors import ExperimentUnknown
    from regulars.experiments.pooling import read_pool

    members = [each for each in known.values() if each.pool == name]
    if not members:
        raise ExperimentUnknown(
            f"No experiment declared the pool '{name}'.",
            expected=", ".join(sorted({e.pool for e in known.values() if e.pool})) or "a pool that was declared",
            remedy="A pool is declared with each experiment: regulars experiment assign NAME --pool POOL",
        )
    pooled = workspace.ask(lambda session: read_pool(session, name, members), as_of=as_of)
    if form == "json":
        show_json(pooled.as_dict())
    else:
        click.echo(pooled.text())
