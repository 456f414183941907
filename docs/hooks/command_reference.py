"""The page of the command line, made from the commands themselves."""

from __future__ import annotations

import inspect
from html import escape
from typing import TYPE_CHECKING

import click
from mkdocs.structure.files import File

from regulars.cli.app import root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

OPENING = """# Command line

The workspace is the folder given by `--workspace`, else by the environment variable `REGULARS_WORKSPACE`, else `./regulars-data`. A command
ends with 0, with 2 when what was asked has to be mended, and with 1 when the fault is ours.

| environment variable | what it sets |
|---|---|
| `REGULARS_WORKSPACE` | the folder of the workspace |
| `REGULARS_MEMORY` | what a query may take before it spills to disk, such as `4GB` (default 1.2 GB) |
| `REGULARS_BROWSER` | the program that prints a review as PDF (default: Chromium, Chrome or Edge where they are usually found) |
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add `reference/command-line.md`."""
    parts = [OPENING, *sections(root, click.Context(root, info_name="regulars"))]
    files.append(File.generated(config, "reference/command-line.md", content="\n".join(parts)))
    return files


def sections(command: click.Command, context: click.Context) -> Iterator[str]:
    """The section of `command`, then those of its subcommands."""
    yield f"\n{'#' * (2 if context.parent else 1)} `{context.command_path}`\n" if context.parent else ""
    yield escape(inspect.cleandoc(command.help or "").replace("\b\n", "").partition("\f")[0], quote=False)
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield f"\n```console\n$ {usage}\n```\n"
    options = [record for parameter in command.get_params(context) if (record := parameter.get_help_record(context))]
    if options:
        yield "| option | meaning |\n|---|---|"
        yield from (f"| `{name.replace('|', '/')}` | {escape(meaning, quote=False).replace('|', '/')} |" for name, meaning in options)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from sections(child, click.Context(child, info_name=name, parent=context))
