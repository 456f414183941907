"""What is to be done in the background."""

from __future__ import annotations

from typing import Any

from django.db import models


class Job(models.Model):
    """A piece of long work. Neither `arguments` nor `result` may hold personal data: people stand there by reference, files by token."""

    QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"

    kind = models.CharField(max_length=60)
    arguments: Any = models.JSONField(default=dict)
    state = models.CharField(max_length=12, default=QUEUED)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    runner = models.CharField(max_length=64, default="")
    """Who holds the claim: a random token of the process that runs it."""
    heartbeat_at = models.DateTimeField(null=True)
    cancel_asked = models.BooleanField(default=False)
    fraction = models.FloatField(default=0.0)
    """How much is done, from 0 to 1."""
    step = models.CharField(max_length=60, default="")
    """What it does now, as a code; the page has the words."""
    result: Any = models.JSONField(default=dict)
    failure: Any = models.JSONField(default=dict)
    """Why it failed: code, received, expected, remedy of a refusal."""

    class Meta:
        indexes = [models.Index(fields=["state", "id"]), models.Index(fields=["kind", "-id"])]

    @property
    def is_open(self) -> bool:
        """Whether it is still waiting or running."""
        return self.state in {self.QUEUED, self.RUNNING}
