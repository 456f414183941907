"""`regulars import`: take in files, or take a load out again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from regulars.cli.app import Shared, show_json
from regulars.errors import ArgumentRefused, RegularsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars.workspace import Workspace


@click.command("import")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--map", "pairs", multiple=True, metavar="COLUMN=FIELD", help="Which field a column holds; kept for the next file with this header."
)
@click.option("--as", "kind", metavar="FORMAT", help="Take the file for this format instead of recognising its header.")
@click.option("--currency", help="Currency of amounts in files that name none, ISO 4217.")
@click.option("--time-zone", help="Zone of times that name none (default: the company's).")
@click.option("--dry-run", is_flag=True, help="Show what would happen and leave no trace.")
@click.option("--undo", metavar="LOAD", help="Take a load out again; `regulars loads` lists them.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print the report.")
@click.pass_obj
def command(
    shared: Shared,
    files: tuple[Path, ...],
    pairs: tuple[str, ...],
    kind: str | None,
    currency: str | None,
    time_zone: str | None,
    undo: str | None,
    form: str,
    *,
    dry_run: bool,
) -> None:
    """Take in FILES: order exports, transaction lists, subscriptions, answers, costs, tickets and more.

    The header says what a file is. Every row is imported, was there already, or lies in quarantine with a reason; the report reconciles.
    """
    if undo:
        record = shared.open().undo(undo)
        click.echo(f"Took the load {record.load_id} out again: {sum(record.rows.values()):,} rows.")
        return
    if not files:
        raise ArgumentRefused("No file was given.", expected="one or more files", remedy="Run: regulars import FILE...")
    options = {
        "mapping": _mapping(pairs) or None,
        "format": kind,
        "currency": currency.upper() if currency else None,
        "time_zone": time_zone,
        "dry_run": dry_run,
    }
    is_new = not (shared.folder / "workspace.json").is_file()
    try:
        report = import_with_progress(_workspace(shared, dry_run=dry_run), files, **options)
    except RegularsError:
        if is_new and not dry_run:
            _leave_nothing(shared.folder)
        raise
    if form == "json":
        show_json(report.as_dict())
    else:
        click.echo(str(report))


def _leave_nothing(folder: Path) -> None:
    """Take away a workspace that this command made and put nothing into."""
    import shutil

    from regulars.workspace import Workspace

    if (folder / "workspace.json").is_file() and not Workspace.open(folder).loads(latest=1):
        shutil.rmtree(folder)


def import_with_progress(workspace: Workspace, files: tuple[Path, ...], **options: Any) -> Any:
    """Import `files` with a progress bar on a terminal."""
    from regulars.importers import import_files

    with_bar = _progress()
    try:
        return import_files(workspace, list(files), progress=with_bar[0], **options)
    finally:
        with_bar[1]()


def _progress() -> tuple[Callable[[int, int], None] | None, Callable[[], None]]:
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        return None, lambda: None
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    bar = Progress("importing", BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=console, transient=True)
    task = bar.add_task("import", total=None)
    bar.start()
    return (lambda done, total: bar.update(task, completed=done, total=total)), bar.stop


def _workspace(shared: Shared, *, dry_run: bool) -> Workspace:
    import regulars
    from regulars.workspace import Workspace

    if dry_run and not (shared.folder / "workspace.json").is_file():
        import tempfile

        return Workspace.create(Path(tempfile.mkdtemp(prefix="regulars-dry-run-")) / "workspace")
    return regulars.open(shared.folder)


def _mapping(pairs: tuple[str, ...]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        column, mark, field = pair.rpartition("=")
        if not mark or not column or not field:
            raise ArgumentRefused(
                f"--map {pair} is not a pair.", expected="COLUMN=FIELD", remedy='Write, for example: --map "Kunde=customer_id"'
            )
        mapping[column] = field
    return mapping
