"""A build as a whole: the file, the overview, and a job for the predictions where these are missing or a day old."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings

from regulars.errors import NoWorkspace
from regulars.workspace import Workspace
from regulars_server.jobs import public as jobs
from regulars_server.serving.building import build_here
from regulars_server.serving.engine import MEMORY, BuildingEngine
from regulars_server.serving.kinds import PREDICT
from regulars_server.serving.overview import FILE as OVERVIEW
from regulars_server.serving.overview_building import build_overview

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from regulars_server.jobs.public import Job, Progress
    from regulars_server.serving.contracts import Built

LEAST_CUSTOMERS = 100
"""Fewer customers are not predicted on our own account: models would learn nothing from them."""
TRIED = "predictions-tried"
STEPS = 5


def build(now: datetime, *, progress: Callable[[float, str], None] | None = None) -> Built | None:
    """Build the serving file and the overview in this process, which should be one of its own: it takes memory and all of a core.

    None where the workspace holds no data. Where predictions are missing or a day old, a job is entered that reckons them, unless there are more
    customers than are predicted unasked.
    """
    try:
        workspace = Workspace.open(settings.CONFIG.workspace)
    except NoWorkspace:
        return None
    built = build_here(workspace, now, progress=progress)
    if built is None:
        (settings.CONFIG.serving / OVERVIEW).unlink(missing_ok=True)
        return None
    if progress is not None:
        progress(0.95, "overview")
    build_overview(workspace, now)
    if LEAST_CUSTOMERS <= built.customers <= settings.CONFIG.predict_up_to and _predictions_due(workspace):
        latest = jobs.latest(PREDICT)
        if latest is None or not latest.is_open:
            jobs.enqueue(PREDICT, {}, actor="system", now=now)
    return built


def predict(job: Job, progress: Progress) -> dict[str, Any]:
    """The work of a job of kind `serving.predict`: what is kept changes the tables, upon which the worker builds again."""
    del job
    os.environ.setdefault("REGULARS_MEMORY", MEMORY)
    said: list[str] = []

    def tell(what: str, done: int, whole: int) -> None:
        if what not in said:
            said.append(what)
        share = done / whole if whole else 0.0
        progress(min(0.95, (len(said) - 1 + share) / max(STEPS, len(said))), "predicting")

    found = Workspace.open(settings.CONFIG.workspace).predict(keep=True, progress=tell)
    return {"customers": found.table.num_rows, "as_of": found.as_of.isoformat()}


def _predictions_due(workspace: Workspace) -> bool:
    """Whether none are kept as of the day that is asked about; tried once for each day, however it ends."""
    from regulars.predictions.log import kept_runs

    tried = settings.CONFIG.serving / TRIED
    spill = settings.CONFIG.serving / "spill"
    spill.mkdir(exist_ok=True)
    with workspace.session(engine=BuildingEngine(spill=spill)) as session:
        day = session.as_of.isoformat()
        if tried.exists() and tried.read_text("utf-8") == day:
            return False
        runs = kept_runs(session)
        due = not runs or session.as_of - runs[-1].as_of >= timedelta(days=1)
    if due:
        tried.write_text(day, encoding="utf-8")
    return due
