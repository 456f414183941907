"""What the bones and Django's own tables hold of persons."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from regulars_server.shared.models import DomainEvent, Erasure
from regulars_server.shared.outbox import expire_events
from regulars_server.shared.personal_data import Holding, Ids
from regulars_server.shared.writing import write_tx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

KEPT_ERASURES = timedelta(days=3 * 365)


def export_events(ids: Ids) -> Iterator[dict[str, Any]]:
    """Domain events about the person."""
    for event in _events(ids):
        yield {"at": event.at.isoformat(), "name": event.name, "payload": event.payload}


def erase_events(ids: Ids) -> int:
    """Take the person's events out of the outbox, delivered or not: who would hear of them is told of the erasure instead."""
    found = [event.pk for event in _events(ids)]
    for start in range(0, len(found), 400):
        with write_tx():
            DomainEvent.objects.filter(pk__in=found[start : start + 400]).delete()
    return len(found)


def _events(ids: Ids) -> Iterator[DomainEvent]:
    for event in DomainEvent.objects.order_by("id").iterator(chunk_size=500):
        if not ids.isdisjoint(texts_of(event.payload)):
            yield event


def texts_of(value: Any) -> Iterator[str]:
    """Every text within a JSON value, keys included."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_of(inner)
    elif isinstance(value, str):
        yield value


def export_erasures(ids: Ids) -> Iterator[dict[str, Any]]:
    """Erasures of the person that are not finished yet."""
    for note in Erasure.objects.filter(finished_at=None):
        if not ids.isdisjoint(note.identities):
            yield {"asked_at": note.asked_at.isoformat(), "finished_at": None}


def keep_erasures(_: Ids) -> int:
    """A note of an erasure loses the ids by itself when it is finished."""
    return 0


def expire_erasures(now: datetime) -> int:
    """Forget after three years that somebody was erased."""
    with write_tx():
        return Erasure.objects.filter(finished_at__lt=now - KEPT_ERASURES).delete()[0]


def expire_sessions(now: datetime) -> int:
    """Remove sessions that have ended."""
    from django.contrib.sessions.models import Session

    with write_tx():
        return Session.objects.filter(expire_date__lt=now).delete()[0]


HOLDINGS = (
    Holding(
        name="shared.AuditEntry",
        holds="who of the team did or looked at what; customers by reference, lists by query and count",
        nothing_personal=True,
        kept="The log proves what happened only as long as it is whole.",
    ),
    Holding(
        name="shared.AuditNote",
        holds="entries of the audit log on their way, for moments",
        nothing_personal=True,
        kept="An entry goes when the log has it.",
    ),
    Holding(
        name="shared.DomainEvent",
        holds="what happened, with ids of customers",
        export=export_events,
        erase=erase_events,
        expire=expire_events,
    ),
    Holding(
        name="shared.Handled",
        holds="which event went to which part of the application",
        nothing_personal=True,
        kept="It goes with its event.",
    ),
    Holding(
        name="shared.Erasure",
        holds="the ids of who is being erased, until it is done; then a reference",
        export=export_erasures,
        erase=keep_erasures,
        expire=expire_erasures,
    ),
    Holding(name="sessions.Session", holds="sessions of members: which account, since when", nothing_personal=True, expire=expire_sessions),
    Holding(
        name="auth.Permission", holds="a table of Django's that is not used", nothing_personal=True, kept="Its rows come with an upgrade."
    ),
    Holding(name="auth.Group", holds="a table of Django's that is not used", nothing_personal=True, kept="It stays empty."),
    Holding(name="auth.Group_permissions", holds="a table of Django's that is not used", nothing_personal=True, kept="It stays empty."),
    Holding(name="contenttypes.ContentType", holds="names of models", nothing_personal=True, kept="A row for each model."),
)
