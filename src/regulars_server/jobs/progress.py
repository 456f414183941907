"""How a running job tells how far it is, and learns that it is to stop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.utils import timezone

from regulars_server.jobs.models import Job
from regulars_server.shared.public import write_tx

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_SECONDS = 0.5


class Cancelled(Exception):
    """The job is to stop: somebody cancelled it, or another process has taken it over."""


class Progress:
    """Called with the share that is done and a code for what comes now; raises `Cancelled` where the job is to stop."""

    def __init__(self, job_id: int, runner: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._job_id, self._runner, self._clock = job_id, runner, clock
        self._told_at = -EVERY_SECONDS
        self._told: tuple[float, str] = (0.0, "")

    def __call__(self, fraction: float, step: str = "") -> None:
        self._told = (min(1.0, max(0.0, fraction)), step or self._told[1])
        if self._clock() - self._told_at < EVERY_SECONDS:
            return
        self.beat()

    def beat(self) -> None:
        """Write down how far it is and that the process lives."""
        self._told_at = self._clock()
        fraction, step = self._told
        with write_tx():
            ours = Job.objects.filter(pk=self._job_id, runner=self._runner, state=Job.RUNNING)
            changed = ours.update(fraction=fraction, step=step, heartbeat_at=timezone.now())
            stop = not changed or ours.filter(cancel_asked=True).exists()
        if stop:
            raise Cancelled
