"""The root command: options that all commands share, refusals as plain text, exit codes."""

from __future__ import annotations

import functools
import importlib
import itertools
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import regulars
from regulars.errors import RegularsError

if TYPE_CHECKING:
    from regulars.workspace import Workspace

COMMANDS = {
    "init": "make a workspace and say how the business counts",
    "import": "take in orders and other files",
    "loads": "what was imported, and when",
    "tables": "the canonical tables and their rows",
    "facts": "one row per customer",
    "metrics": "the metric catalogue: list, show, run",
    "analyse": "cohorts, RFM, ABC and the other analyses",
    "predict": "value, risk of leaving, health and light of every customer",
    "customers": "whom to look after first, and why",
    "audit": "what was predicted, against what happened",
    "review": "write the retention review",
    "experiment": "plan, assign and read experiments",
    "settings": "show or change how the business counts",
    "doctor": "check the workspace and propose settings",
    "compact": "merge small files",
    "erase": "remove a person",
    "simulate": "a company whose truth is known",
    "demo": "a review of a real shop, from its real orders",
}
"""Every command of the library with a few words, so that `--help` imports none of them."""

ENTRY_POINTS = "regulars.commands"
"""Group of entry points by which other parts add commands: each names a table of `AddedCommand` by the command's name."""


@dataclass(frozen=True, slots=True)
class AddedCommand:
    """A command from elsewhere: a few words for `--help`, and the module whose `command` it is, imported when it is called."""

    words: str
    module: str


@functools.cache
def added_commands() -> dict[str, AddedCommand]:
    """The commands that other installed parts add; a name of our own is not theirs to take."""
    from importlib.metadata import entry_points

    tables = [point.load() for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)]
    return {name: added for table in tables for name, added in table.items() if name not in COMMANDS}


def all_commands() -> dict[str, str]:
    """Every command with a few words, those of other installed parts included."""
    return {**COMMANDS, **{name: added.words for name, added in added_commands().items()}}


@dataclass(frozen=True, slots=True)
class Shared:
    """What the options before the command say."""

    folder: Path
    debug: bool

    def open(self) -> Workspace:
        """The workspace in the folder."""
        from regulars.workspace import Workspace

        return Workspace.open(self.folder)


EVERYWHERE = "Also: --workspace PATH, the folder of the workspace (else REGULARS_WORKSPACE, else ./regulars-data), and --debug."
"""Options of every command, said at the end of its help."""


class Commands(click.Group):
    """Commands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(all_commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name in COMMANDS:
            module = importlib.import_module(f"regulars.cli.{cmd_name}_command")
        elif cmd_name in added_commands():
            module = importlib.import_module(added_commands()[cmd_name].module)
        else:
            return None
        command: click.Command = module.command
        command.epilog = command.epilog or EVERYWHERE
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(all_commands().items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(regulars.__version__, prog_name="regulars")
@click.option(
    "--workspace",
    "folder",
    type=click.Path(path_type=Path),
    envvar="REGULARS_WORKSPACE",
    default=Path("regulars-data"),
    show_default="./regulars-data",
    help="Folder of the workspace.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
@click.pass_context
def root(ctx: click.Context, folder: Path, *, debug: bool) -> None:
    """Regulars turns customers into regulars: order files in, retention numbers out."""
    ctx.obj = Shared(folder, debug)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; ends with exit code 2 for the caller's mistake and 1 for ours."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run `arguments` and return the exit code."""
    debug = "--debug" in arguments
    # Options that every command takes may stand behind it too.
    arguments = _shared_first(arguments)
    try:
        root.main(arguments, prog_name="regulars", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Stopped. Nothing was changed by the command that was running.", err=True)
        return 130
    except click.exceptions.NoArgsIsHelpError as help_wanted:
        click.echo(help_wanted.format_message())
        return 2
    except click.ClickException as mistake:
        mistake.show()
        return 2
    except RegularsError as refusal:
        if debug:
            raise
        _show_refusal(refusal, as_json=_wants_json(arguments))
        return refusal.exit_code
    except BrokenPipeError:
        return 0
    except Exception as fault:
        if debug:
            raise
        click.echo(f"Something went wrong that is not your mistake: {type(fault).__name__}: {fault}", err=True)
        click.echo("What to do: run the same command with --debug and report what it prints.", err=True)
        return 1
    return 0


def _wants_json(arguments: list[str]) -> bool:
    return any(a == "json" and b == "--format" for b, a in itertools.pairwise(arguments)) or "--format=json" in arguments


def _shared_first(arguments: list[str]) -> list[str]:
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument == "--workspace":
            front += [argument, *([value] if (value := next(waiting, None)) is not None else [])]
        elif argument == "--debug" or argument.startswith("--workspace="):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


def _show_refusal(refusal: RegularsError, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(refusal.as_dict(), default=str), err=True)
        return
    click.echo(f"{refusal}\n({refusal.code})", err=True)


def show_json(value: Any) -> None:
    """Print plain values as JSON."""
    click.echo(json.dumps(value, default=str, indent=2, ensure_ascii=False))
