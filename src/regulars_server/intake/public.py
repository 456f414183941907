"""What other apps use of the intake."""

from __future__ import annotations

from django.conf import settings

from regulars_server.intake.addresses_within import cut_within
from regulars_server.intake.door.inbox import DoorCount, Inbox, InboxRow, open_inbox as _open
from regulars_server.intake.models import Source
from regulars_server.intake.sources import configure, create_source, ensure_default_source, rotate_key, source, sources, switch

__all__ = [
    "DoorCount",
    "Inbox",
    "InboxRow",
    "Source",
    "configure",
    "create_source",
    "cut_within",
    "door_counts",
    "ensure_default_source",
    "open_inbox",
    "rotate_key",
    "source",
    "sources",
    "switch",
]


def open_inbox() -> Inbox:
    """The inbox of this installation. Keep it for as long as it is needed, and close it."""
    return _open(settings.CONFIG)


def door_counts(*, since: int, until: int) -> list[DoorCount]:
    """What the door accepted, dropped and refused from minute `since` until before minute `until` (minutes since 1970)."""
    inbox = open_inbox()
    try:
        return inbox.counts(since, until)
    finally:
        inbox.close()
