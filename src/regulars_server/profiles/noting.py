"""Notes on a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars_server.profiles import models
from regulars_server.profiles.errors import NoteRefused
from regulars_server.shared.public import publish, record_change, reference_of, write_tx

if TYPE_CHECKING:
    from datetime import datetime

LONGEST_NOTE = 10_000


def add_note(*, customer_id: str, text: str, actor: str, now: datetime) -> int:
    """Write a note on a customer; it stays with this identity when people are merged and un-merged. Raises `NoteRefused`."""
    words = text.replace("\0", "").strip()
    if not words or len(words) > LONGEST_NOTE:
        raise NoteRefused(
            f"The note has {len(words)} characters.",
            expected=f"1 to {LONGEST_NOTE:,} characters",
            remedy="Write a shorter note, or one at all.",
        )
    with write_tx():
        note = models.Note.objects.create(identity=customer_id, text=words, actor=actor, at=now)
        record_change(actor=actor, action="note.added", now=now, subjects=[reference_of(customer_id)], details={"note": note.pk})
        publish("note.added", {"customer_id": customer_id, "note": note.pk}, now=now)
    return int(note.pk)
