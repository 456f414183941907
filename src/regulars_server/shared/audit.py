"""Writing the audit log: a note in the change's own transaction, moved into the chained log right after it, at the latest by the worker."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction

from regulars_server.shared.impersonal import impersonal
from regulars_server.shared.models import AuditEntry, AuditNote
from regulars_server.shared.writing import write_tx

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

COLLAPSE = timedelta(minutes=15)
"""The same look of the same person within this time is one entry."""
FIRST_HASH = "0" * 64
BATCH = 100


def record_change(
    *, actor: str, action: str, now: datetime, subjects: Iterable[str] = (), details: Mapping[str, Any] | None = None
) -> None:
    """Note a change, inside the transaction that makes it. `subjects` are customers' references or other ids; no personal values anywhere."""
    _note(actor, action, now, list(subjects), dict(details or {}))


def record_look(*, actor: str, action: str, now: datetime, subjects: Iterable[str]) -> None:
    """Note that somebody looked at personal data of these customers (references); repeats within 15 minutes collapse."""
    whom = sorted(subjects)
    _note_look(actor, action, now, whom, {}, look=_digest(actor, action, whom))


def record_list(*, actor: str, action: str, now: datetime, query: Mapping[str, Any], count: int) -> None:
    """Note that somebody looked at a list: the query and how many rows it gave. What was typed is kept as a digest, not as text.

    The same query within 15 minutes is one entry, with the count of the first time, also where the list has grown meanwhile.
    """
    asked = impersonal(dict(query))
    _note_look(actor, action, now, [], {"query": asked, "count": count}, look=_digest(actor, action, asked))


def _note_look(actor: str, action: str, now: datetime, subjects: list[str], details: dict[str, Any], *, look: str) -> None:
    if _seen(look, now):  # most looks are repeats, and these need not wait for the writer's turn
        return
    with write_tx():
        if not _seen(look, now):
            _note(actor, action, now, subjects, details, look=look)


def _seen(look: str, now: datetime) -> bool:
    recent = {"look": look, "at__gt": now - COLLAPSE, "at__lte": now}
    return AuditNote.objects.filter(**recent).exists() or AuditEntry.objects.filter(**recent).exists()


def _note(actor: str, action: str, now: datetime, subjects: list[str], details: dict[str, Any], *, look: str = "") -> None:
    said = impersonal({"subjects": subjects, "details": details})
    AuditNote.objects.create(note_id=secrets.token_hex(16), at=now, actor=actor, action=action, look=look, **said)
    transaction.on_commit(deliver, robust=True)


def _digest(*said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:32]


def deliver() -> int:
    """Move the notes into the log, in their order; says how many. Killed anywhere, it loses none and writes none twice."""
    moved = 0
    while notes := list(AuditNote.objects.order_by("id")[:BATCH]):
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
            look=note.look,
            pending_id=note.note_id,
            previous_hash=previous,
        )
        entry.entry_hash = previous = hash_of(entry)
        entry.save(force_insert=True)


def _hold_chain() -> None:
    """On PostgreSQL several may write at once; the chain has one end."""
    if connections["audit"].vendor == "postgresql":
        with connections["audit"].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(4711)")


def hash_of(entry: AuditEntry) -> str:
    """The hash of an entry: over the hash before it and everything it says."""
    said = [
        entry.previous_hash,
        entry.pending_id,
        entry.at.isoformat(),
        entry.actor,
        entry.action,
        entry.subjects,
        entry.details,
        entry.look,
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def first_break() -> int | None:
    """The id of the first entry that does not follow from the one before it; None when the chain is whole."""
    previous = FIRST_HASH
    for entry in AuditEntry.objects.order_by("id").iterator(chunk_size=1000):
        if entry.previous_hash != previous or entry.entry_hash != hash_of(entry):
            return int(entry.pk)
        previous = entry.entry_hash
    return None
