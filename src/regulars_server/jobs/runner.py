"""The process of one job: `python -m regulars_server.jobs.runner ID RUNNER`, started by the worker, polite to everybody else."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING

from regulars.errors import RegularsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regulars_server.jobs.models import Job
    from regulars_server.jobs.progress import Progress

BEAT_SECONDS = 10.0
log = logging.getLogger(__name__)


def run(job: Job) -> str:
    """Do the work of a job that the caller has claimed, and close it; says in which state."""
    from django.utils import timezone

    from regulars_server.jobs.kinds import kind
    from regulars_server.jobs.models import Job
    from regulars_server.jobs.progress import Cancelled, Progress
    from regulars_server.jobs.queue import end

    progress = Progress(job.pk, job.runner)
    failure: dict[str, object] = {}
    result: dict[str, object] = {}
    state = Job.DONE
    with _heart(progress):
        try:
            progress(0.0)
            result = dict(kind(job.kind).work(job, progress) or {})
        except Cancelled:
            state = Job.CANCELLED
        except RegularsError as refusal:
            state, failure = Job.FAILED, refusal.as_dict()
        except MemoryError:
            state, failure = Job.FAILED, {"code": "job.memory", "received": "There was not enough memory."}
        except Exception as fault:
            # The message of an unforeseen fault may quote data; it stays in the worker's log and its kind alone is kept.
            log.exception("job %s failed", job.pk)
            state, failure = Job.FAILED, {"code": "job.fault", "received": type(fault).__name__}
    end(job, state=state, now=timezone.now(), result=result, failure=failure)
    return state


@contextlib.contextmanager
def _heart(progress: Progress) -> Iterator[None]:
    """Beats aside from the work, which may be silent for minutes inside an engine."""
    from django.db import connections

    from regulars_server.jobs.progress import Cancelled

    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(BEAT_SECONDS):
            with contextlib.suppress(Cancelled):
                progress.beat()
        connections.close_all()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def main(arguments: list[str]) -> int:
    """Run the job of this number if this runner still holds it."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars_server.settings")
    with contextlib.suppress(OSError):
        os.nice(10)
    django.setup()
    from regulars_server.jobs.models import Job

    job = Job.objects.filter(pk=int(arguments[0]), runner=arguments[1], state=Job.RUNNING).first()
    if job is None:
        return 3
    return 0 if run(job) in {Job.DONE, Job.CANCELLED} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
