"""What a tracking call is once it is read, and what one that cannot be read is."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Kind = Literal["track", "identify", "page", "screen", "group", "alias"]
KINDS: tuple[str, ...] = ("track", "identify", "page", "screen", "group", "alias")

NO_MESSAGE_ID = "no_message_id"
NO_TIMESTAMP = "no_timestamp"
IN_FUTURE = "in_future"
RENAMED = "renamed"
MENDED = "mended"
HISTORY = "history"
NOTES = {
    NO_MESSAGE_ID: "it has no messageId: it got one from the request and its place in it, so that a second sending counts twice",
    NO_TIMESTAMP: "it says no time: it counts as happened when it was received",
    IN_FUTURE: "its time lies after its receipt, also without the sender's clock error: it counts as happened when it was received",
    RENAMED: "its event name was written otherwise than in Segment's specification",
    MENDED: "its JSON held what JSON does not know (NaN, half a character, more than one number can say): those places are empty or marked",
    HISTORY: "it came by the import address: it counts as known when it happened",
}
"""What was noticed about a call that was taken all the same, by code."""


class Call(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One call, as the tracking specification means it. Instants are microseconds since 1970 in UTC.

    `occurred_at` is free of the sender's clock error (`skew`, microseconds by which its clock was behind ours; None where it did not say
    when it sent) and never after `received_at`. `name` is the event's name for track calls (version 1 names in those of version 2), for
    page and screen calls `Page Viewed` and `Screen Viewed`; the page's own name is in `properties["name"]`. `raw` is the call as it came.
    Calls of one request share a `context` that they have in common; nobody changes it.
    """

    kind: Kind
    message_id: str
    occurred_at: int
    received_at: int
    source: str
    raw: msgspec.Raw
    user_id: str | None = None
    anonymous_id: str | None = None
    group_id: str | None = None
    previous_id: str | None = None
    name: str | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}
    skew: int | None = None
    notes: tuple[str, ...] = ()


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A call that cannot be taken: a stable `code`, why in plain words, and the call as it came."""

    message_id: str | None
    code: str
    explanation: str
    raw: bytes


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one request held: every call is in one of the two."""

    calls: list[Call]
    refused: list[Refused]


class Refusal(Exception):
    """Raised inside this package to set one call aside; never leaves it."""

    def __init__(self, code: str, explanation: str) -> None:
        super().__init__(code, explanation)
        self.code = f"tracking.{code}"
        self.explanation = explanation
