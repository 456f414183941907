"""One accepted request to its calls: liberal in what it takes, and never an exception for what a sender wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from regulars.tracking import calls
from regulars.tracking.calls import KINDS, Call, Reading, Refusal, Refused
from regulars.tracking.describing import kind_of
from regulars.tracking.instants import microseconds
from regulars.tracking.names import PAGE_VIEWED, SCREEN_VIEWED, spelled
from regulars.tracking.wire import IN_CALL, Frame, Wire, context_of, frame_of, refuse_deep, wire_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_EVENT_BYTES = 32 * 1024
"""A call may be this long, as at Segment."""
MAX_NAME = 200
MAX_ID = 512
"""Characters of an event's name, and of an id."""

BATCHES = ("batch", "import")
WEBHOOKS = ("shopify", "stripe")
_SHORT = {"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias", "b": "batch"}
_VIEWS = {"page": PAGE_VIEWED, "screen": SCREEN_VIEWED}
KEPT_RAW = 64 * 1024


def read(body: bytes, *, kind: str, received_at: int, source: str, key: str, about: Mapping[str, Any] | None = None) -> Reading:
    """The calls of one request of the inbox, in their order, and what could not be taken.

    `kind` is the address it came to (`track`, `batch`, `import`, `shopify` ...), `received_at` microseconds since 1970, `key` names
    the request and, with a call's place in it, stands in for a `messageId` that is missing. `about` says what the door knows of the request.
    """
    kind = _SHORT.get(kind, kind)
    if kind in WEBHOOKS:
        from regulars.tracking import webhooks

        return webhooks.read(kind, body, received_at=received_at, source=source, key=key, about=about)
    reader = Reader(kind=kind, received_at=received_at, source=source, key=key, about=about)
    if kind in BATCHES:
        try:
            frame = frame_of(body)
        except Refusal as refusal:
            return Reading(calls=[], refused=[_refused(None, refusal, body)])
        reader.frame(frame)
    else:
        reader.take(msgspec.Raw(body))
    return Reading(calls=reader.calls, refused=reader.refused)


class Reader:
    """Reads the calls of one request one after the other."""

    def __init__(
        self,
        *,
        kind: str,
        received_at: int,
        source: str,
        key: str,
        about: Mapping[str, Any] | None,
        history: bool | None = None,
        max_bytes: int = MAX_EVENT_BYTES,
    ) -> None:
        self.calls: list[Call] = []
        self.refused: list[Refused] = []
        self._kind = kind if kind in KINDS else None
        self._received_at = received_at
        self._source = source
        self._key = key
        self._about = about or {}
        self._exact = kind == "import"
        self._history = self._exact if history is None else history
        self._max_bytes = max_bytes
        self._sent_at: int | None = None
        self._context: dict[str, Any] | None = None
        self._contexts: dict[bytes, tuple[dict[str, Any], bool]] = {}

    def frame(self, frame: Frame) -> None:
        self._sent_at = _leniently(frame.sent_at)
        self._context = frame.context if isinstance(frame.context, dict) and frame.context else None
        for raw in frame.batch:
            self.take(raw)

    def take(self, raw: msgspec.Raw) -> None:
        wire = None
        try:
            _refuse_large(raw, self._max_bytes)
            wire, was_mended = wire_of(raw)
            self.calls.append(self._call(wire, raw, was_mended=was_mended))
        except Refusal as refusal:
            self.refused.append(_refused(wire, refusal, bytes(raw)))

    def _call(self, wire: Wire, raw: msgspec.Raw, *, was_mended: bool) -> Call:
        kind: Any = self._kind or (wire.type if wire.type in KINDS else _kind(wire))
        notes: list[str] = []
        context, context_was_mended = self._whole_context(bytes(wire.context))
        if was_mended or context_was_mended:
            notes.append(calls.MENDED)
        if self._history:
            notes.append(calls.HISTORY)
        message_id = _id(wire.message_id, "messageId")
        if message_id is None:
            message_id = f"{self._key}/{len(self.calls) + len(self.refused)}"
            notes.append(calls.NO_MESSAGE_ID)
        occurred_at, skew = self._instants(wire, notes)
        properties = _object(wire.properties, "properties")
        name = None
        if kind == "track":
            name = _event_name(wire.event)
            if name != wire.event:
                notes.append(calls.RENAMED)
        elif kind in _VIEWS:
            name = _VIEWS[kind]
            properties = _named_page(wire, properties)
        call = Call(
            kind=kind,
            message_id=message_id,
            occurred_at=occurred_at,
            received_at=self._received_at,
            source=self._source,
            raw=raw,
            user_id=None if wire.user_id is None else _id(wire.user_id, "userId"),
            anonymous_id=None if wire.anonymous_id is None else _id(wire.anonymous_id, "anonymousId"),
            group_id=None if wire.group_id is None else _id(wire.group_id, "groupId"),
            previous_id=None if wire.previous_id is None else _id(wire.previous_id, "previousId"),
            name=name,
            properties=properties,
            traits={} if wire.traits is None else _object(wire.traits, "traits"),
            context=context,
            skew=skew,
            notes=tuple(notes),
        )
        if name is None:
            _refuse_nameless(call)
        return call

    def _instants(self, wire: Wire, notes: list[str]) -> tuple[int, int | None]:
        """When it happened by our clock: `timestamp + (received_at - sentAt)`, and never after it was received."""
        said = microseconds(wire.timestamp)
        # Whoever passes calls on has corrected `timestamp` already, and keeps what the client said in `originalTimestamp`.
        corrected = said is not None and wire.original_timestamp is not None
        if said is None and wire.original_timestamp is not None:
            said = microseconds(wire.original_timestamp)
        sent_at = self._sent_at if wire.sent_at is None else _leniently(wire.sent_at)
        skew = None if sent_at is None else self._received_at - sent_at
        if said is None:
            notes.append(calls.NO_TIMESTAMP)
            return self._received_at, skew
        if skew is not None and not corrected and not self._exact:
            said += skew
        if said > self._received_at:
            notes.append(calls.IN_FUTURE)
            return self._received_at, skew
        return said, skew

    def _whole_context(self, said: bytes) -> tuple[dict[str, Any], bool]:
        found = self._contexts.get(said)
        if found is None:
            context, was_mended = context_of(said)
            found = self._contexts[said] = self._completed(context), was_mended
        return found

    def _completed(self, context: dict[str, Any]) -> dict[str, Any]:
        if self._context is not None:
            context = {**self._context, **context}
        if "ip" in context or self._about:
            context.pop("ip", None)
            ip, agent = self._about.get("ip"), self._about.get("user_agent")
            if ip:
                context["ip"] = ip
            if isinstance(agent, str) and agent.startswith("Mozilla") and "userAgent" not in context:
                context["userAgent"] = agent
        return context


def _refuse_large(raw: msgspec.Raw, most: int) -> None:
    if len(raw) > most:
        raise Refusal("too_large", f"the call is {len(raw):,} bytes long; {most:,} are the most")


def _kind(wire: Wire) -> str:
    kind = wire.type
    if isinstance(kind, str):
        kind = _SHORT.get(kind, kind).strip().lower()
        if kind in KINDS:
            return kind
        raise Refusal("unknown_type", f"the type is none of {', '.join(KINDS)}")
    if kind is None and wire.event is not None:
        return "track"
    raise Refusal("unknown_type", f"the call does not say its type, one of {', '.join(KINDS)}")


def _id(value: Any, field: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    elif isinstance(value, float) and value.is_integer():
        text = str(int(value))
    else:
        raise Refusal("bad_id", f"{field} is {kind_of(value)}, not a text or a whole number")
    if len(text) > MAX_ID:
        raise Refusal("bad_id", f"{field} is {len(text):,} characters long; {MAX_ID} are the most")
    return text or None


def _event_name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        what = "missing" if value is None or value == "" else f"{kind_of(value)}, not a text"
        raise Refusal("no_event_name", f"the name of the event is {what}")
    if len(value) > MAX_NAME:
        raise Refusal("no_event_name", f"the name of the event is {len(value):,} characters long; {MAX_NAME} are the most")
    return spelled(value.strip())


def _object(value: Any, field: str) -> dict[str, Any]:
    if value.__class__ is dict:
        refuse_deep(value, IN_CALL)
        return value
    # PHP writes an empty object as an empty list.
    if value is None or value in ([], ""):
        return {}
    raise Refusal(f"bad_{field}", f"the {field} are {kind_of(value)}, not an object")


def _named_page(wire: Wire, properties: dict[str, Any]) -> dict[str, Any]:
    name, category = wire.name, wire.category
    if isinstance(category, str) and category:
        properties = {"category": category, **properties}
    return {"name": name, **properties} if isinstance(name, str) and name else properties


def _refuse_nameless(call: Call) -> None:
    if call.kind == "group" and call.group_id is None:
        raise Refusal("no_group_id", "a group call names no groupId")
    if call.kind == "alias" and (call.previous_id is None or call.user_id is None):
        raise Refusal("no_alias", "an alias call names no userId or no previousId")
    if (
        call.kind == "identify"
        and call.user_id is None
        and call.anonymous_id is None
        and not (call.traits or call.context.get("externalIds"))
    ):
        raise Refusal("no_id", "an identify call names nobody and says nothing")


def _leniently(value: Any) -> int | None:
    try:
        return microseconds(value)
    except Refusal:
        return None


def _refused(wire: Wire | None, refusal: Refusal, raw: bytes) -> Refused:
    message_id = wire.message_id if wire is not None and isinstance(wire.message_id, str) else None
    return Refused(message_id=message_id, code=refusal.code, explanation=refusal.explanation, raw=raw[:KEPT_RAW])
