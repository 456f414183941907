"""What the jobs of this app do. An import that is started again after a crash takes nothing in twice: rows that are there are recognised."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.utils import timezone

from regulars.errors import WorkspaceLocked
from regulars.workspace import Workspace
from regulars_server.imports import services
from regulars_server.imports.receiving import place_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars.importers import ImportReport
    from regulars_server.imports.models import Upload
    from regulars_server.jobs.public import Job, Progress

Done = TypeVar("Done")
TRIES, PAUSE_SECONDS = 30, 2.0
"""The tables are written to every few seconds while events come in, and small files are merged; whoever imports or undoes waits for their turn."""


def rehearse(job: Job, progress: Progress) -> dict[str, Any]:
    """Everything but writing; the report without rows."""
    one = services.upload(job.arguments["upload"])
    return _report(_import(one, progress, dry_run=True), one)


def run_import(job: Job, progress: Progress) -> dict[str, Any]:
    """Import the file, keep the report, delete the file."""
    one = services.upload(job.arguments["upload"])
    if one.imported_at is not None:
        return dict(one.report)
    outcome = _import(one, progress, dry_run=False)
    report = _report(outcome, one)
    services.finish_import(one, report=report, load_id=outcome.files[0].load_id or "", actor=job.created_by, now=timezone.now())
    return report


def undo(job: Job, progress: Progress) -> dict[str, Any]:
    """Take a load out of the tables."""
    progress(0.1, "undoing")
    workspace = Workspace.open(settings.CONFIG.workspace)
    record = _patiently(partial(workspace.undo, job.arguments["load"]), progress)
    return {"load": record.load_id, "rows": sum(record.rows.values())}


def _import(one: Upload, progress: Progress, *, dry_run: bool) -> ImportReport:
    from regulars.importers import import_files

    workspace = Workspace.open(settings.CONFIG.workspace)
    step = "rehearsing" if dry_run else "importing"
    return _patiently(
        lambda: import_files(
            workspace,
            [place_of(one.token)],
            mapping=one.mapping,
            format=one.format or None,
            currency=one.currency or None,
            time_zone=one.time_zone or None,
            dry_run=dry_run,
            progress=lambda done, whole: progress(0.9 * done / max(1, whole), step),
        ),
        progress,
    )


def _patiently(work: Callable[[], Done], progress: Progress) -> Done:
    """Do what needs the tables, and wait for its turn while somebody else has them."""
    for _ in range(TRIES - 1):
        try:
            return work()
        except WorkspaceLocked:
            progress(0.0, "waiting")
            time.sleep(PAUSE_SECONDS)
    return work()


def _report(outcome: ImportReport, one: Upload) -> dict[str, Any]:
    """The report as plain values, under the name that the file had."""
    return {**outcome.files[0].as_dict(), "file": "", "upload": one.pk, "dry_run": outcome.dry_run}
