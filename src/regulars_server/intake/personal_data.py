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


def export(ids: Ids) -> Iterator[Mapping[str, Any]]:
    """The waiting events in which one of the identities stands."""
    inbox, forms = open_inbox(settings.CONFIG), Forms(ids)
    try:
        for row in _rows(inbox):
            events, around = _split(row)
            for event in events:
                if forms.named_in(event) or forms.named_in(around):
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
            events, around = _split(row)
            left = [] if forms.named_in(around) else [forms.without(event) for event in events if not forms.named_in(event)]
            if left != events:
                gone += len(events) - len(left)
                inbox.rewrite(row.id, json.dumps({**around, "batch": left}).encode() if left else None)
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


def _split(row: InboxRow) -> tuple[list[Any], dict[str, Any]]:
    """The events of a request, and what stands around them."""
    try:
        said = json.loads(row.body)
    except (ValueError, RecursionError):
        return [row.body.decode("utf-8", "replace")], {}
    if isinstance(said, dict) and isinstance(said.get("batch"), list):
        return said["batch"], {name: value for name, value in said.items() if name != "batch"}
    return [said], {}


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
