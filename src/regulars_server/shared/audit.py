"""Writing the audit log: a note in the change's own transaction, moved into the chained log right after it, at the latest by the worker."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from regulars_server.shared.models import AuditEntry, AuditNote
from regulars_server.shared.writing import write_tx

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

COLLAPSE = timedelta(minutes=15)
"""The same look of the same person within this time is one entry."""
FIRST_HASH = "0" * 64


def record_change(
    *, actor: str, action: str, now: datetime, subjects: Iterable[str] = (), details: Mapping[str, Any] | None = None
) -> None:
    """Note a change, inside the transaction that makes it. `subjects` are customers' references or other ids; no personal values anywhere."""
    AuditNote.objects.create(
        note_id=secrets.token_hex(16), at=now, actor=actor, action=action, subjects=list(subjects), details=dict(details or {})
    )
    transaction.on_commit(deliver, robust=True)


def record_look(*, actor: str, action: str, now: datetime, subjects: Iterable[str]) -> None:
    """Note that somebody looked at personal data of these customers (references); repeats within 15 minutes collapse."""
    _note_look(actor, action, now, sorted(subjects), {})


def record_list(*, actor: str, action: str, now: datetime, query: Mapping[str, Any], count: int) -> None:
    """Note that somebody looked at a list: the query, whose values must not be personal, and how many rows it gave."""
    _note_look(actor, action, now, [], {"query": dict(query), "count": count})


def _note_look(actor: str, action: str, now: datetime, subjects: list[str], details: dict[str, Any]) -> None:
    recent = {"actor": actor, "action": action, "at__gt": now - COLLAPSE}
    for model in (AuditNote, AuditEntry):
        if any(seen.subjects == subjects and seen.details == details for seen in model.objects.filter(**recent).order_by("-id")[:200]):
            return
    with write_tx():
        record_change(actor=actor, action=action, now=now, subjects=subjects, details=details)


def deliver() -> int:
    """Move the notes into the log, in their order; says how many. Killed anywhere, it loses none and writes none twice."""
    moved = 0
    while notes := list(AuditNote.objects.order_by("id")[:100]):
        with write_tx("audit"):
            _append(notes)
        with write_tx():
            AuditNote.objects.filter(note_id__in=[note.note_id for note in notes]).delete()
        moved += len(notes)
    return moved


def _append(notes: list[AuditNote]) -> None:
    _hold_chain()
    there = set(AuditEntry.objects.filter(pending_id__in=[note.note_id for note in notes]).values_list("pending_id", flat=True))
    last = AuditEntry.objects.order_by("-id").first()
    previous = last.entry_hash if last else FIRST_HASH
    for note in notes:
        if note.note_id in there:
            continue
        entry = AuditEntry(
            at=note.at,
            actor=note.actor,
            action=note.action,
            subjects=note.subjects,
            details=note.details,
            pending_id=note.note_id,
            previous_hash=previous,
        )
        entry.entry_hash = previous = hash_of(entry)
        entry.save(force_insert=True)


def _hold_chain() -> None:
    """On PostgreSQL several may write at once; the chain has one end."""
    from django.db import connections

    if connections["audit"].vendor == "postgresql":
        with connections["audit"].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(4711)")


def hash_of(entry: AuditEntry) -> str:
    """The hash of an entry: over the hash before it and everything it says."""
    said = [entry.previous_hash, entry.pending_id, entry.at.isoformat(), entry.actor, entry.action, entry.subjects, entry.details]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def first_break() -> int | None:
    """The id of the first entry that does not follow from the one before it; None when the chain is whole."""
    previous = FIRST_HASH
    for entry in AuditEntry.objects.order_by("id").iterator(chunk_size=1000):
        if entry.previous_hash != previous or entry.entry_hash != hash_of(entry):
            return int(entry.pk)
        previous = entry.entry_hash
    return None
