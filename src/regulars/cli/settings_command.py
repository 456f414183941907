"""`regulars settings`: show or change how the business counts."""

from __future__ import annotations

import click

from regulars.cli.app import Shared, show_json
from regulars.cli.metrics_command import plain_value
from regulars.cli.output import aligned
from regulars.errors import ArgumentRefused


@click.command("settings")
@click.argument("changes", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def command(shared: Shared, changes: tuple[str, ...], form: str) -> None:
    """Show the settings, or change them: regulars settings inactive_after_days=180 targets.churn_rate=0.05"""
    workspace = shared.open()
    if changes:
        workspace.change_settings(**_changes(workspace.settings.as_dict(), changes))
    values = workspace.settings.as_dict()
    if form == "json":
        show_json(values)
    else:
        click.echo(
            aligned(["setting", "value"], [[name, "-" if value in (None, [], {}) else str(value)] for name, value in values.items()])
        )


def _changes(now: dict[str, object], pairs: tuple[str, ...]) -> dict[str, object]:
    changed: dict[str, object] = {}
    for pair in pairs:
        name, mark, text = pair.partition("=")
        if not mark:
            raise ArgumentRefused(f"{pair} is not a pair.", expected="NAME=VALUE", remedy="Write, for example: inactive_after_days=180")
        value = None if text in ("", "none") else plain_value(text)
        setting, dot, key = name.partition(".")
        if dot:
            held = changed.get(setting, now.get(setting))
            whole = dict(held) if isinstance(held, dict) else {}
            whole.pop(key, None)
            changed[setting] = whole if value is None else {**whole, key: value}
        else:
            changed[name] = value
    return changed
