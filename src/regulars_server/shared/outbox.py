"""The outbox: domain events, written in the transaction of the change they tell of, and delivered to handlers after it."""

from __future__ import annotations

import logging
import secrets
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Q

from regulars_server.shared.errors import HandlerRefused
from regulars_server.shared.models import DomainEvent, Handled
from regulars_server.shared.writing import write_tx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

LEASE = timedelta(minutes=2)
"""For so long an event belongs to who claimed it; if they die, others deliver it after this."""
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
TRIES = 10
"""So often an event is tried before it is parked."""
KEPT = timedelta(days=30)
KEPT_PARKED = timedelta(days=90)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """What a handler is given. `event_id` is the same when it comes again."""

    event_id: str
    name: str
    at: datetime
    payload: Mapping[str, Any]


_handlers: dict[str, list[Callable[[Event], None]]] = defaultdict(list)


def publish(name: str, payload: Mapping[str, Any], *, now: datetime) -> None:
    """Write an event, inside the transaction that makes the change. `payload` names customers by their ids, nothing else that is personal."""
    DomainEvent.objects.create(event_id=secrets.token_hex(16), at=now, due_at=now, name=name, payload=dict(payload))


def on(name: str, handler: Callable[[Event], None]) -> None:
    """Call `handler` with every event of this name, in a transaction of the default database that is the handler's own.

    It is called again if it fails, up to ten times over some hours. What it writes to the default database is written once; whoever does
    more (sends, writes files) recognises a repeat by `event_id`. Register when the app is ready.
    """
    there = {_name_of(known): known for known in _handlers[name]}
    if there.setdefault(_name_of(handler), handler) is not handler:
        raise HandlerRefused(
            f"There are two handlers called {_name_of(handler)}.",
            expected="a function with a name of its own",
            remedy="Give it another name.",
        )
    if handler not in _handlers[name]:
        _handlers[name].append(handler)


def deliver_events(now: datetime, *, limit: int = 100) -> int:
    """Deliver what is due, oldest first; says how many events were done. Several processes may run this at once."""
    delivered = 0
    for row in _claim(now, limit):
        failure = _call_all(Event(row.event_id, row.name, row.at, row.payload))
        with write_tx():
            if failure is None:
                DomainEvent.objects.filter(pk=row.pk, delivered_at=None).update(delivered_at=now, failure="")
                delivered += 1
            elif row.tries >= TRIES:
                DomainEvent.objects.filter(pk=row.pk, delivered_at=None).update(parked_at=now, failure=failure)
            else:
                wait = min(FIRST_WAIT * 2 ** (row.tries - 1), LONGEST_WAIT)
                DomainEvent.objects.filter(pk=row.pk, delivered_at=None).update(due_at=now + wait, failure=failure)
    return delivered


def retry_parked(now: datetime) -> int:
    """Take up again what was given up."""
    with write_tx():
        return DomainEvent.objects.exclude(parked_at=None).update(parked_at=None, tries=0, due_at=now)


def expire_events(now: datetime) -> int:
    """Remove events 30 days after they were delivered, and 90 days after they were given up; some thousand at a time."""
    removed = 0
    over = Q(delivered_at__lt=now - KEPT) | Q(parked_at__lt=now - KEPT_PARKED)
    for _ in range(10):
        old = list(DomainEvent.objects.filter(over).values_list("event_id", flat=True)[:500])
        if not old:
            break
        with write_tx():
            Handled.objects.filter(event_id__in=old).delete()
            removed += DomainEvent.objects.filter(event_id__in=old).delete()[0]
    return removed


def _claim(now: datetime, limit: int) -> list[DomainEvent]:
    """Take events for the length of a lease: one statement, and what another process is just taking is passed over."""
    skip = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    statement = f"""
        UPDATE shared_domainevent SET due_at = %s, tries = tries + 1 WHERE id IN (
            SELECT id FROM shared_domainevent WHERE delivered_at IS NULL AND parked_at IS NULL AND due_at <= %s
            ORDER BY due_at, id LIMIT %s {skip}
        ) RETURNING id
    """
    adapt = connection.ops.adapt_datetimefield_value
    with write_tx(), connection.cursor() as cursor:
        cursor.execute(statement, [adapt(now + LEASE), adapt(now), limit])
        taken = [row[0] for row in cursor.fetchall()]
    return list(DomainEvent.objects.filter(pk__in=taken).order_by("id"))


def _call_all(event: Event) -> str | None:
    """Call the handlers that have not had the event; what failed, or None."""
    failures = []
    for handler in _handlers.get(event.name, ()):
        name = _name_of(handler)
        try:
            with write_tx():
                if Handled.objects.get_or_create(event_id=event.event_id, handler=name)[1]:
                    handler(event)
        except Exception as error:
            log.exception("%s did not take event %s", name, event.event_id)
            failures.append(f"{name}: {type(error).__name__}")
    return "; ".join(failures)[:200] or None


def _name_of(handler: Callable[[Event], None]) -> str:
    return f"{handler.__module__}.{handler.__qualname__}"
