"""`regulars metrics`: the catalogue: list, show, run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from regulars.cli.app import Shared, show_json
from regulars.cli.output import FORMATS, aligned, write
from regulars.errors import ArgumentRefused

if TYPE_CHECKING:
    from regulars.metrics import MetricResult
    from regulars.relations.session import Session


@click.group("metrics")
def command() -> None:
    """The metric catalogue."""


@command.command("list")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def list_metrics(form: str) -> None:
    """List every metric with its question."""
    from regulars.metrics import catalogue

    cards = [metric.card for metric in catalogue().values()]
    if form == "json":
        show_json(
            [{"metric": c.name, "family": c.family, "unit": c.unit.value, "better": c.better.value, "question": c.question} for c in cards]
        )
        return
    family = None
    width = max(len(card.name) for card in cards)
    for card in cards:
        if card.family != family:
            family = card.family
            click.echo(click.style(f"\n{family.replace('_', ' ')}", bold=True))
        click.echo(f"  {card.name.ljust(width)}  {card.question}")


@command.command("show")
@click.argument("name")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show_metric(name: str, form: str) -> None:
    """Show the card of the metric NAME: question, formula, unit, when it is undefined, by what it groups."""
    from regulars.metrics import dimensions, metric

    card = metric(name).card
    fields: dict[str, Any] = {
        "question": card.question,
        "formula": card.formula,
        **{f"  {symbol}": meaning for symbol, meaning in card.symbols.items()},
        "unit": card.unit.value,
        "better": card.better.value,
        "kind": card.kind.value,
        "grain": card.grain.value,
        "shape": card.shape.value,
        "interval": card.interval.value,
        "undefined when": card.undefined_when,
        "group by": ", ".join(dimensions(card)) or "-",
        **{f"argument {key}": f"{card.argument_meanings.get(key, '')} (default {default})" for key, default in card.defaults.items()},
        **{f"beside: {key}": meaning for key, meaning in card.beside.items()},
        **{f"band {band.name}": f"from {band.low} to below {band.high}" for band in card.bands},
        "requirements": ", ".join(card.requirements) or "-",
        "source": card.source,
    }
    if form == "json":
        show_json({"metric": card.name, "title": card.title, "family": card.family} | fields)
        return
    click.echo(f"{click.style(card.name, bold=True)}: {card.title}\n")
    width = max(map(len, fields))
    for key, value in fields.items():
        click.echo(f"{key.ljust(width)}  {value}")


@command.command("run")
@click.argument("names", nargs=-1, required=True)
@click.option("--from", "start", help="First day (default: the first day with data).")
@click.option("--to", "end", help="First day after (default: as-of).")
@click.option("--by", help="Regular windows: day, week, month, quarter or year.")
@click.option("--group-by", help="A dimension of the metric; see `regulars metrics show NAME`.")
@click.option("--as-of", help="Instant or date; a date means the end of that day (default: the last complete day in the data).")
@click.option("--arg", "pairs", multiple=True, metavar="NAME=VALUE", help="An argument of the metric.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write to a file.")
@click.option("--sql", is_flag=True, help="Print the whole chain of queries instead of running it.")
@click.option("--rows", is_flag=True, help="Print the rows behind the numbers.")
@click.option("--limit", type=int, default=20, show_default=True, help="Rows behind to show as a table.")
@click.pass_obj
def run_metrics(
    shared: Shared,
    names: tuple[str, ...],
    start: str | None,
    end: str | None,
    by: str | None,
    group_by: str | None,
    as_of: str | None,
    pairs: tuple[str, ...],
    form: str,
    out: Path | None,
    limit: int,
    *,
    sql: bool,
    rows: bool,
) -> None:
    """Run the metrics NAMES."""
    from regulars import metrics
    from regulars.periods import day

    found = [metrics.metric(name) for name in names]
    given = _arguments(pairs)
    first, last = day(start), day(end)

    def answer(session: Session) -> MetricResult:
        result = metrics.MetricResult(())
        for one in found:
            own = {key: value for key, value in given.items() if key in one.card.defaults} if len(found) > 1 else given
            windows = metrics.default_windows(session, one.card, first, last, by)
            if sql:
                click.echo(metrics.sql(session, one.card.name, windows, group_by, **own))
            elif rows:
                write(metrics.rows_behind(session, one.card.name, windows, **own), form, out, limit=limit)
            else:
                result += metrics.run(session, one.card.name, windows, group_by, **own)
        return result

    result = shared.open().ask(answer, as_of=as_of)
    if not sql and not rows:
        _show(result, form, out)


def _show(result: Any, form: str, out: Path | None) -> None:
    from regulars.metrics.results import shown_row

    if form == "json" and out is None:
        show_json([value.as_dict() for value in result])
    elif form == "table" and out is None:
        head = ["metric", "window", "group", "value", "95 % interval", "n"]
        table = [list(shown_row(value)) for value in result]
        if all(not row[2] for row in table):
            head, table = [h for i, h in enumerate(head) if i != 2], [[c for i, c in enumerate(row) if i != 2] for row in table]
        click.echo(aligned(head, table, right=[len(head) - 3, len(head) - 1]))
        if len(result):
            click.echo(f"\nAs of {next(iter(result)).as_of:%Y-%m-%d %H:%M} UTC.")
    else:
        write(result.table, form, out)


def _arguments(pairs: tuple[str, ...]) -> dict[str, Any]:
    return dict(_pair(pair) for pair in pairs)


def _pair(pair: str) -> tuple[str, Any]:
    name, mark, value = pair.partition("=")
    if not mark:
        raise ArgumentRefused(f"--arg {pair} is not a pair.", expected="NAME=VALUE", remedy="Write, for example: --arg days=30")
    return name, plain_value(value)


def plain_value(text: str) -> Any:
    """A number, a truth value or a text from what was typed.

    >>> plain_value("30"), plain_value("0.1"), plain_value("true"), plain_value("month")
    (30, 0.1, True, 'month')
    """
    import json

    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float | bool | list | dict) else text
