"""Files that were uploaded, and what became of them."""

from __future__ import annotations

from typing import Any

from django.db import models


class Upload(models.Model):
    """An uploaded file. The file itself lies in the folder of uploads under `token`, until it was imported or a day has passed."""

    token = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=200)
    """As it was called where it came from; shown to who may import, and nowhere else."""
    size = models.BigIntegerField()
    created_at = models.DateTimeField(db_index=True)
    created_by = models.CharField(max_length=80)
    mapping: Any = models.JSONField(default=dict)
    """Column to field, as a person has said it."""
    format = models.CharField(max_length=60, default="", blank=True)
    currency = models.CharField(max_length=3, default="", blank=True)
    time_zone = models.CharField(max_length=64, default="", blank=True)
    rehearsal = models.BigIntegerField(null=True)
    """Number of the job that tried it."""
    job = models.BigIntegerField(null=True)
    """Number of the job that imports it."""
    load_id = models.CharField(max_length=40, default="", blank=True, db_index=True)
    report: Any = models.JSONField(default=dict)
    """The closing report: counts and sums, no rows."""
    imported_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    """When the file was deleted."""
