"""The worker's side: claim a job, run it in a child process, look after it without waiting for it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from regulars_server.jobs import queue

if TYPE_CHECKING:
    from datetime import datetime

_running: dict[str, subprocess.Popen[bytes]] = {}
AT_ONCE = 1
"""Jobs of a worker at a time: what they do is heavy, and small machines are meant."""


def run_pending(now: datetime | None = None, *, wait: bool = False) -> int:
    """Start the next waiting job in a child process where none runs; says how many run now. Does not wait for them, except with `wait`.

    Jobs whose process died are given back to the queue or closed.
    """
    moment = now or timezone.now()
    _reap(moment)
    queue.release_dead(moment)
    while len(_running) < AT_ONCE and (job := queue.claim(moment)) is not None:
        _running[job.runner] = _start(job.pk, job.runner)
    if wait:
        while _running:
            for child in list(_running.values()):
                child.wait()
            run_pending(timezone.now())
    return len(_running)


def stop(seconds: float = 10.0) -> None:
    """End the children that run; their jobs start again when a worker comes."""
    for child in _running.values():
        child.terminate()
    for child in _running.values():
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    _reap(timezone.now())


def _start(job_id: int, runner: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "regulars_server.settings", "REGULARS_WORKSPACE": str(settings.CONFIG.workspace)}
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "regulars_server.jobs.runner", str(job_id), runner], env=environment, stdin=subprocess.DEVNULL
    )


def _reap(now: datetime) -> None:
    for runner, child in list(_running.items()):
        if child.poll() is not None:
            del _running[runner]
            queue.release_dead(now, known_dead=runner)
