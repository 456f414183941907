"""`regulars predict`: value, risk of leaving, health and light of every customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from regulars.cli.app import Shared, show_json
from regulars.cli.output import aligned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regulars.predictions.rows import Model
    from regulars.workspace import Workspace

KINDS = {"churn": "who leaves", "value": "value", "health": "health and lights"}
"""Kinds of models in words."""


@click.command("predict")
@click.option("--as-of", help="Instant or date; a date means the end of that day (default: the last complete day in the data).")
@click.option("--no-keep", is_flag=True, help="Only say what would be predicted; keep neither models nor predictions.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print the summary.")
@click.pass_obj
def command(shared: Shared, as_of: str | None, form: str, *, no_keep: bool) -> None:
    """Predict what each customer is worth, who is about to leave, and every light; keep it in the workspace.

    What is kept holds as of the instant: facts and metrics as of later ones use it, and `regulars customers` lists it. A second run as of the same instant
    overrules the first one.
    """
    from regulars.cli.progress import telling
    from regulars.predictions.store import lights_counted

    workspace = shared.open()
    with telling() as progress:
        found = workspace.predict(as_of=as_of, keep=not no_keep, progress=progress)
    lights = lights_counted(found)
    load = None if no_keep else _latest_load(workspace)
    if form == "json":
        models = {kind: {"version": model.version, "told": list(_told(model))} for kind, model in found.models.items()}
        show_json({"as_of": found.as_of, "customers": found.table.num_rows, "lights": lights, "models": models, "load": load})
        return
    click.echo(f"{found.table.num_rows:,} customers, as of {found.as_of:%Y-%m-%d %H:%M} UTC\n")
    click.echo(aligned(["light", "customers"], [[light, f"{count:,}"] for light, count in lights.items()], right=[1]))
    click.echo()
    for kind, model in found.models.items():
        click.echo(f"{KINDS.get(kind, kind)}: {' '.join([*_told(model), f'Version {model.version}.'])}")
    for note in getattr(found, "notes", ()):
        click.echo(f"Note: {note}")
    click.echo()
    click.echo(_closing(load))


def _latest_load(workspace: Workspace) -> str:
    """The load of the predictions: a server beside us may have added others since."""
    from regulars.predictions.rows import SOURCE
    from regulars.warehouse.records import BY_THEMSELVES

    return max(load.load_id for load in workspace.loads(leave_out=BY_THEMSELVES) if load.source == SOURCE)


def _closing(load: str | None) -> str:
    if load is None:
        return "Nothing was kept. Without --no-keep the predictions go into the workspace, for facts, metrics and segments."
    return f"Kept as the load {load}; `regulars import --undo {load}` takes it out again. Whom to call first: regulars customers --light red --why"


def _told(model: Model) -> Iterator[str]:
    """What a reader should know of a model, in sentences."""
    card = getattr(model, "card", None)
    if card is not None:
        yield from _of_card(card)
    for note in getattr(model, "notes", ()):
        yield str(note)


def _of_card(card: Any) -> Iterator[str]:
    """Which model was chosen, and its score on customers that it had not learned from."""
    rows = [row for role in ("reporting", "choosing") for row in card.scores if row["role"] == role and row["population"] == "all"]
    yield f"{card.kind} was chosen, for leaving within {card.horizon_days} days."
    own = next((row for row in rows if row["model"] == card.kind and row.get("brier") is not None), None)
    if own is not None:
        others = [
            f"{row['model']} {row['brier']:.4f}" for row in rows if row["role"] == own["role"] and row is not own and row.get("brier")
        ]
        on = "a later snapshot" if own["role"] == "reporting" else "the snapshot that chose it"
        beside = f" ({', '.join(others)}; lower is better)" if others else ""
        yield f"Brier score on {on} {own['brier']:.4f}{beside}."
    yield from card.sentences()
