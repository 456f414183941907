"""Audit log, outbox and erasures under way."""

from __future__ import annotations

from typing import Any

from django.db import models

from regulars_server.shared.errors import AuditUnchangeable


class AuditEntries(models.QuerySet["AuditEntry"]):
    """Entries are read and added; nothing else."""

    def update(self, **_: Any) -> int:
        raise _unchangeable()

    def delete(self) -> tuple[int, dict[str, int]]:
        raise _unchangeable()

    def bulk_update(self, *_: Any, **__: Any) -> int:
        raise _unchangeable()


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
    look = models.CharField(max_length=32, blank=True)
    """For a look: a digest of who looked at what, by which repeats are known."""
    pending_id = models.CharField(max_length=40, unique=True)
    """The note in the operational database that this entry was made from: delivered twice, it is written once."""
    previous_hash = models.CharField(max_length=64)
    entry_hash = models.CharField(max_length=64, unique=True)

    objects = AuditEntries.as_manager()

    class Meta:
        ordering = ("id",)
        indexes = [
            models.Index(fields=["look", "at"], name="audit_look"),
            models.Index(fields=["actor", "at"], name="audit_actor"),
            models.Index(fields=["action", "at"], name="audit_action"),
            models.Index(fields=["at"], name="audit_at"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the entry; one that is there stays as it is."""
        if not self._state.adding:
            raise _unchangeable()
        super().save(*args, **kwargs)

    @property
    def said(self) -> str:
        """The details in one line, without what was left empty."""
        flat = {**self.details.get("query", {}), **{name: value for name, value in self.details.items() if name != "query"}}
        return " · ".join(f"{name} {_plain(value)}" for name, value in flat.items() if value or (value == 0 and value is not False))

    def delete(self, *_: Any, **__: Any) -> tuple[int, dict[str, int]]:
        raise _unchangeable()


def _plain(value: Any) -> str:
    if value is True:
        return "yes"
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)


class AuditNote(models.Model):
    """An audit entry on its way: written in the transaction of the change itself, moved to the audit log after it."""

    note_id = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    action = models.CharField(max_length=80)
    subjects: Any = models.JSONField(default=list)
    details: Any = models.JSONField(default=dict)
    look = models.CharField(max_length=32, blank=True)

    class Meta:
        indexes = [models.Index(fields=["look", "at"], name="note_look")]


class DomainEvent(models.Model):
    """The outbox: something that happened here and that others may react to, written in the transaction of the change."""

    event_id = models.CharField(max_length=40, unique=True)
    """By which a receiver knows a repeat."""
    at = models.DateTimeField(db_index=True)
    name = models.CharField(max_length=80)
    """Past tense, such as `customer.merged`, `source.switched_off`."""
    payload: Any = models.JSONField(default=dict)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    """When it is to be delivered: at once, after a failure later, and while somebody delivers it after their time is up."""
    delivered_at = models.DateTimeField(null=True, db_index=True)
    parked_at = models.DateTimeField(null=True)
    """When it was given up after many failures; `retry_parked` takes it up again."""
    failure = models.CharField(max_length=200, blank=True)
    """What failed last: the handler and the kind of error, without its words."""

    class Meta:
        indexes = [
            models.Index(fields=["due_at", "id"], name="event_due", condition=models.Q(delivered_at=None, parked_at=None)),
        ]


class Handled(models.Model):
    """An event that a handler is done with, written in the handler's own transaction: its effects happen once."""

    event_id = models.CharField(max_length=40)
    handler = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event_id", "handler"], name="handled_once")]


class Erasure(models.Model):
    """A person who is to be forgotten: what is left to do, so that a killed process is no excuse. Done, only the reference stays."""

    reference = models.CharField(max_length=32, db_index=True)
    actor = models.CharField(max_length=80)
    asked_at = models.DateTimeField()
    identities: Any = models.JSONField(default=list)
    """The ids to look for; empty when all is done."""
    finished_at = models.DateTimeField(null=True)


def _unchangeable() -> AuditUnchangeable:
    return AuditUnchangeable(
        "An entry of the audit log was to be changed or removed.",
        expected="entries only added",
        remedy="Add an entry that says what is so now.",
    )
