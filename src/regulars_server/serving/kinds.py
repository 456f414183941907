"""What is built and predicted in processes of their own; the parts that do it are loaded there only, for they are heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from regulars_server.jobs.public import Job, Progress
    from regulars_server.serving.contracts import Built

PREDICT = "serving.predict"


def build(now: datetime, *, progress: Callable[[float, str], None] | None = None) -> Built | None:
    """Build the serving file and the overview in this process, which should be one of its own: it takes memory and all of a core.

    None where the workspace holds no data. Where predictions are missing or a day old, a job is entered that reckons them.
    """
    from regulars_server.serving.refreshing import build as build_everything

    return build_everything(now, progress=progress)


def predict(job: Job, progress: Progress) -> dict[str, Any]:
    """The work of a job of kind `serving.predict`."""
    from regulars_server.serving.refreshing import predict as predict_all

    return predict_all(job, progress)
