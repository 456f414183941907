"""What the intake holds of persons: the requests that wait in the inbox."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings

from regulars_server.intake.door.inbox import Inbox, open_inbox
from regulars_server.shared.public import Forms, Holding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from regulars_server.intake.door.inbox import InboxRow
    from regulars_server.shared.personal_data import Ids

_COUNTED = timedelta(days=90)
_DEEPEST = 100
"""Levels of a request; the loader takes less than half of them."""


def export(ids: Ids) -> Iterator[Mapping[str, Any]]:
    """The waiting events in which one of the identities stands; a request that is nested too deep as a text."""
    inbox, forms = open_inbox(settings.CONFIG), Forms(ids)
    try:
        for row in _rows(inbox):
            for event in _naming(row, forms):
                yield {"received_at": row.received_at, "source": row.source, "kind": row.kind, "event": event}
    finally:
        inbox.close()


def erase(ids: Ids) -> int:
    """Take the waiting events in which one of the identities stands out of the inbox, and leave the others of the same request.

    An address or a number that others mention in a text is taken out of it.
    """
    inbox, forms, gone = open_inbox(settings.CONFIG), Forms(ids), 0
    try:
        for row in _rows(inbox):
            count, body = _left(row, forms)
            gone += count
            if body is not row.body:
                inbox.rewrite(row.id, body)
        inbox.sweep()
    finally:
        inbox.close()
    return gone


def expire(now: datetime) -> int:
    """Forget the door's counts and the delivery numbers of webhooks after 90 days, and what was loaded: it may still stand in free pages."""
    inbox = open_inbox(settings.CONFIG)
    try:
        inbox.sweep()
        return inbox.expire(int((now - _COUNTED).timestamp() * 1e6))
    finally:
        inbox.close()


def _rows(inbox: Inbox) -> Iterator[InboxRow]:
    after = 0
    while rows := inbox.read(after, 500, 16 << 20):
        after = rows[-1].id
        yield from rows


def _naming(row: InboxRow, forms: Forms) -> list[Any]:
    parts = _split(row)
    if parts is None:
        return [row.body.decode("utf-8", "replace")] if forms.in_bytes(row.body) else []
    events, around = parts
    return events if forms.named_in(around) else [event for event in events if forms.named_in(event)]


def _left(row: InboxRow, forms: Forms) -> tuple[int, bytes | None]:
    """How many events of a request go, and what is left of it: the very same bytes where it does not concern the person, None where nothing is."""
    parts = _split(row)
    if parts is None:
        return (1, None) if forms.in_bytes(row.body) else (0, forms.cleaned(row.body))
    events, around = parts
    left = [] if forms.named_in(around) else [forms.without(event) for event in events if not forms.named_in(event)]
    if left == events:
        return 0, row.body
    return len(events) - len(left), json.dumps({**around, "batch": left}).encode() if left else None


def _split(row: InboxRow) -> tuple[list[Any], dict[str, Any]] | None:
    """The events of a request, and what stands around them; None where it cannot be read or is nested deeper than anything that is taken."""
    try:
        said = json.loads(row.body)
    except (ValueError, RecursionError):
        return None
    if _is_deep(said):
        return None
    if isinstance(said, dict) and isinstance(said.get("batch"), list):
        return said["batch"], {name: value for name, value in said.items() if name != "batch"}
    return [said], {}


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for one in level if isinstance(one, dict | list) for inner in (one.values() if isinstance(one, dict) else one)]
        if not level:
            return False
    return True


HOLDINGS = (
    Holding(
        name="table:inbox",
        holds="Requests of the SDKs and webhooks until the loader has made tables of them, seconds after they came",
        export=export,
        erase=erase,
        expire=expire,
    ),
    Holding(name="intake.Source", holds="Where events come from, and their keys", nothing_personal=True, kept="A row for each source."),
)
