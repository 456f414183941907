"""Audit log, outbox and API keys."""

from __future__ import annotations

from typing import Any

from django.db import models


class AuditEntry(models.Model):
    """What somebody did or looked at. No personal values: customers stand here by reference. Each entry carries the hash of the one before."""

    database = "audit"

    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    """`user 7`, `key 3`, `system`."""
    action = models.CharField(max_length=80)
    """A code such as `customer.viewed`, `identity.merged`."""
    subjects: Any = models.JSONField(default=list)
    """References of the customers concerned, or ids of other things."""
    details: Any = models.JSONField(default=dict)
    """For a list the query and the count; for a change what changed, without personal values."""
    pending_id = models.CharField(max_length=40, unique=True)
    """The note in the operational database that this entry was made from: delivered twice, it is written once."""
    previous_hash = models.CharField(max_length=64)
    entry_hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ("id",)


class AuditNote(models.Model):
    """An audit entry on its way: written in the transaction of the change itself, moved to the audit log after it."""

    note_id = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    action = models.CharField(max_length=80)
    subjects: Any = models.JSONField(default=list)
    details: Any = models.JSONField(default=dict)


class DomainEvent(models.Model):
    """The outbox: something that happened here and that others may react to, written in the transaction of the change."""

    at = models.DateTimeField(db_index=True)
    name = models.CharField(max_length=80)
    """Past tense, such as `customer.merged`, `source.switched_off`."""
    payload: Any = models.JSONField(default=dict)
    delivered_at = models.DateTimeField(null=True, db_index=True)


class ApiKey(models.Model):
    """A key for programs: only its hash is kept, and it may do what its scopes say."""

    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=12, unique=True)
    key_hash = models.CharField(max_length=64)
    scopes: Any = models.JSONField(default=list)
    """Values of `Permission`."""
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
