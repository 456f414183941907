"""Reading the audit log: filtered, a page at a time, or all of it as CSV."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from regulars_server.shared.csv_lines import csv_line
from regulars_server.shared.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from django.db.models import QuerySet

PAGE = 50
COLUMNS = ("id", "at", "actor", "action", "subjects", "details", "entry_hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which entries: of an actor, an action (or all that begin with it and a dot), about a subject, in days from `first` to `last`."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    first: date | None = None
    last: date | None = None

    def as_words(self) -> dict[str, str]:
        """The query for the audit log itself, which also keeps who read it."""
        said = {"actor": self.actor, "action": self.action, "subject": self.subject, "first": self.first, "last": self.last}
        return {name: str(value) for name, value in said.items() if value}


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first, and before which id the next ones stand (None: there are none)."""

    entries: list[AuditEntry]
    before: int | None


def entries(query: AuditQuery, *, before: int | None = None) -> AuditPage:
    """A page of the log."""
    found = _matching(query)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-id")[: PAGE + 1])
    return AuditPage(rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None)


def count(query: AuditQuery) -> int:
    """How many entries there are."""
    return _matching(query).count()


def actions() -> list[str]:
    """The actions that are in the log."""
    return sorted(AuditEntry.objects.order_by().values_list("action", flat=True).distinct())


def as_csv(query: AuditQuery) -> Iterator[bytes]:
    """The entries, oldest first, as CSV in pieces."""
    yield csv_line(COLUMNS)
    for entry in _matching(query).order_by("id").iterator(chunk_size=1000):
        details = json.dumps(entry.details, ensure_ascii=False, sort_keys=True)
        yield csv_line((entry.pk, entry.at.isoformat(), entry.actor, entry.action, " ".join(entry.subjects), details, entry.entry_hash))


def _matching(query: AuditQuery) -> QuerySet[AuditEntry]:
    found = AuditEntry.objects.all()
    if query.actor:
        found = found.filter(actor=query.actor)
    if query.action:
        found = found.filter(action=query.action)
    if query.subject:
        # A JSON text holds each subject in quotes on both databases.
        found = found.extra(where=["CAST(subjects AS TEXT) LIKE %s ESCAPE '!'"], params=[f'%"{_literal(query.subject)}"%'])
    if query.first:
        found = found.filter(at__gte=datetime(query.first.year, query.first.month, query.first.day, tzinfo=UTC))
    if query.last:
        found = found.filter(at__lt=datetime(query.last.year, query.last.month, query.last.day, tzinfo=UTC) + timedelta(days=1))
    return found


def _literal(text: str) -> str:
    return "".join(f"!{sign}" if sign in "!%_" else sign for sign in text)
