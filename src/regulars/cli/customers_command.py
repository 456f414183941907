"""`regulars customers`: whom to look after first, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from regulars.cli.output import FORMATS, aligned, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from regulars.cli.app import Shared
    from regulars.predictions.rows import Told
    from regulars.relations.session import Session

LIGHTS = ("green", "amber", "red", "new", "lapsed", "unknown")
SORTS = ("money_at_risk", "risk", "value", "score")


@dataclass(frozen=True, slots=True)
class Found:
    """The list, how many customers there are with these lights, and their money at risk; where the figures come from."""

    table: pa.Table
    matching: int
    at_risk_minor: int
    currency: str | None
    source: str


@click.command("customers")
@click.option(
    "--light", "lights", type=click.Choice(LIGHTS), multiple=True, help="Only customers with this light; may be given again (default: any)."
)
@click.option("--top", type=click.IntRange(1), default=50, show_default=True, help="How many customers to list.")
@click.option("--why", is_flag=True, help="Say why, in at most three sentences a customer.")
@click.option("--sort", type=click.Choice(SORTS), default="money_at_risk", show_default=True, help="The most first; of scores the lowest.")
@click.option("--as-of", help="Instant or date; a date means the end of that day (default: the last complete day in the data).")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write to a file.")
@click.pass_obj
def command(
    shared: Shared, lights: tuple[str, ...], top: int, sort: str, as_of: str | None, form: str, out: Path | None, *, why: bool
) -> None:
    """List customers by what is at risk with them: light, health score, risk of leaving, value, and why.

    Uses the predictions that `regulars predict` kept as of the instant; where there are none it reckons them for this answer and keeps nothing.
    """
    found = shared.open().ask(lambda session: _find(session, lights, top, sort, why=why), as_of=as_of)
    click.echo(found.source, err=form != "table" or out is not None)
    if form == "json":
        write(found.table, form, out)
        return
    if form != "table":
        write(_flat(found.table), form, out)
        return
    text = _text(found, lights)
    if out is None:
        click.echo(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")
        click.echo(f"Wrote {found.table.num_rows:,} customers to {out}.", err=True)


def _find(session: Session, lights: Sequence[str], top: int, sort: str, *, why: bool) -> Found:
    import pyarrow.compute as pc

    from regulars.cli.progress import telling
    from regulars.predictions.listing import listing
    from regulars.predictions.log import read_kept, read_log
    from regulars.predictions.predicting import predict

    kept = read_kept(session)
    told: Told
    if kept is not None:
        told = kept
        source = f"As of {session.as_of:%Y-%m-%d %H:%M} UTC; predicted on {kept.run.reckoned_at:%Y-%m-%d %H:%M} UTC and kept."
    else:
        with telling() as progress:
            told = predict(session, log=read_log(session, last=8), progress=lambda what: progress(what, 0, 0))
        source = f"As of {session.as_of:%Y-%m-%d %H:%M} UTC. No predictions are kept as of this instant: reckoned now and not kept; `regulars predict` keeps them."
    table = listing(told, lights=lights, top=top, sort=sort, why=why)
    every = listing(told, lights=lights)
    at_risk = pc.sum(every.column("money_at_risk_minor")).as_py() or 0
    return Found(table, every.num_rows, int(at_risk), session.currency, source)


def _flat(table: pa.Table) -> pa.Table:
    """Without lists, which a sheet cannot hold: the sentences one after the other."""
    import pyarrow as pa

    if "why" not in table.schema.names:
        return table
    told = pa.array([" ".join(own or []) for own in table.column("why").to_pylist()], pa.string())
    return table.set_column(table.schema.get_field_index("why"), "why", told)


def _text(found: Found, lights: Sequence[str]) -> str:
    rows = found.table.to_pylist()
    if not rows:
        return f"No customer is {' or '.join(lights)}." if lights else "There are no customers."
    unit = f" ({found.currency})" if found.currency else ""
    head = ["", "customer", "light", "score", "risk", f"at risk{unit}", f"value{unit}"]
    cells = [[f"{place}.", *_cells(row, found.currency)] for place, row in enumerate(rows, 1)]
    lines = aligned(head, cells, right=[0, 3, 4, 5, 6]).splitlines()
    said = [
        line
        for row, line in zip(rows, lines[2:], strict=True)
        for line in [line, *(f"      {sentence}" for sentence in row.get("why") or [])]
    ]
    return "\n".join([*lines[:2], *said, "", _sum(found, lights, len(rows))])


def _cells(row: dict[str, Any], currency: str | None) -> list[str]:
    score, risk = row["health_score"], row["churn_risk"]
    before = row.get("previous_light")
    light = row["light"] or ""
    shown = f"{light} (was {before})" if before and before != light else light
    money = [_money(row.get(name), currency) for name in ("money_at_risk_minor", "clv_minor")]
    return [str(row["customer_id"]), shown, "" if score is None else f"{score:.0f}", "" if risk is None else f"{100 * risk:.0f} %", *money]


def _money(minor: int | None, currency: str | None) -> str:
    from regulars import money

    if minor is None:
        return ""
    return money.show(minor, currency).rsplit(" ", 1)[0] if currency else f"{minor:,}"


def _sum(found: Found, lights: Sequence[str], shown: int) -> str:
    who = f"{found.matching:,} customers" + (f" are {' or '.join(lights)}" if lights else "")
    listed = "" if shown == found.matching else f"; {shown:,} are listed"
    at_risk = (
        f"; at risk with them: {_money(found.at_risk_minor, found.currency)} {found.currency or ''}".rstrip() if found.at_risk_minor else ""
    )
    return f"{who}{at_risk}{listed}."
