"""Entering, claiming, ending and cancelling jobs."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection

from regulars_server.jobs.kinds import kind
from regulars_server.jobs.models import Job
from regulars_server.shared.public import publish, record_change, write_tx

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

DEAD_AFTER = timedelta(seconds=90)
"""A running job without a heartbeat for this long has no process any more."""
KEPT = timedelta(days=90)


def enqueue(kind_name: str, arguments: Mapping[str, Any], *, actor: str, now: datetime) -> Job:
    """Enter a job; `arguments` are plain values without personal data. Raises `JobKindUnknown`."""
    kind(kind_name)
    with write_tx():
        job = Job.objects.create(kind=kind_name, arguments=dict(arguments), created_at=now, created_by=actor)
        record_change(actor=actor, action="job.queued", now=now, details={"job": job.pk, "kind": kind_name})
    return job


def claim(now: datetime) -> Job | None:
    """The oldest waiting job, now held by the caller alone (`job.runner` is the proof); None where nothing waits."""
    runner = secrets.token_hex(16)
    at = connection.ops.adapt_datetimefield_value(now)
    skip = " FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with write_tx(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET state = 'running', runner = %s, attempts = attempts + 1, started_at = %s, heartbeat_at = %s"
            f" WHERE state = 'queued' AND id = (SELECT id FROM jobs_job WHERE state = 'queued' ORDER BY id LIMIT 1{skip}) RETURNING id",
            [runner, at, at],
        )
        row = cursor.fetchone()
    return None if row is None else Job.objects.get(pk=row[0])


def end(job: Job, *, state: str, now: datetime, result: Mapping[str, Any] | None = None, failure: Mapping[str, Any] | None = None) -> bool:
    """Close a job that `job.runner` still holds; says whether it did."""
    with write_tx():
        values: dict[str, Any] = {"state": state, "ended_at": now, "result": dict(result or {}), "failure": dict(failure or {})}
        if state == Job.DONE:
            values |= {"fraction": 1.0}
        done = Job.objects.filter(pk=job.pk, runner=job.runner, state=Job.RUNNING).update(**values)
        if done:
            publish(f"job.{state}", {"job": job.pk, "kind": job.kind}, now=now)
    return bool(done)


def cancel(job_id: int, *, actor: str, now: datetime) -> bool:
    """Take a waiting job out, or ask a running one to stop; says whether there was anything to stop."""
    with write_tx():
        waiting = Job.objects.filter(pk=job_id, state=Job.QUEUED).update(state=Job.CANCELLED, ended_at=now)
        running = Job.objects.filter(pk=job_id, state=Job.RUNNING, cancel_asked=False).update(cancel_asked=True)
        if waiting or running:
            record_change(actor=actor, action="job.cancelled", now=now, details={"job": job_id})
    return bool(waiting or running)


def release_dead(now: datetime, *, known_dead: str = "") -> int:
    """Give jobs whose process is gone back to the queue, or close them where they had their tries; says how many."""
    silent = Job.objects.filter(state=Job.RUNNING, heartbeat_at__lt=now - DEAD_AFTER)
    gone = list(silent) + (list(Job.objects.filter(state=Job.RUNNING, runner=known_dead)) if known_dead else [])
    released = 0
    for job in {job.pk: job for job in gone}.values():
        with write_tx():
            ours = Job.objects.filter(pk=job.pk, runner=job.runner, state=Job.RUNNING, heartbeat_at=job.heartbeat_at)
            if job.cancel_asked:
                released += ours.update(state=Job.CANCELLED, ended_at=now)
            elif job.attempts < _tries(job):
                released += ours.update(state=Job.QUEUED, runner="", fraction=0.0, step="")
            else:
                why = {"code": "job.process_died", "received": f"Its process died {job.attempts} times.", "remedy": "See the worker's log."}
                released += ours.update(state=Job.FAILED, ended_at=now, failure=why)
    return released


def _tries(job: Job) -> int:
    from regulars_server.jobs.kinds import JobKindUnknown

    try:
        return kind(job.kind).tries
    except JobKindUnknown:
        return 1


def job(job_id: int) -> Job | None:
    """The job of this number."""
    return Job.objects.filter(pk=job_id).first()


def latest(kind_name: str) -> Job | None:
    """The job of this kind that was entered last."""
    return Job.objects.filter(kind=kind_name).order_by("-id").first()


def forget_old(now: datetime) -> int:
    """Delete jobs that ended long ago."""
    with write_tx():
        return Job.objects.exclude(state__in=[Job.QUEUED, Job.RUNNING]).filter(ended_at__lt=now - KEPT).delete()[0]
