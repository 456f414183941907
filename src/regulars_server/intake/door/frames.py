"""The frame of a request: that it is a JSON object, whose key it names and how many events it holds. No event is judged here."""

from __future__ import annotations

import json

import msgspec

MAX_EVENTS = 50_000
"""Events of one batch; SDKs send a hundred."""


class NoFrame(Exception):
    """The body is no JSON object, or its `batch` is no list."""


class TooMany(Exception):
    """The batch holds more events than the door takes."""


class Frame(msgspec.Struct, frozen=True):
    """What the door reads of a body; all other fields are passed over without being made."""

    writeKey: msgspec.Raw = msgspec.Raw(b"null")  # noqa: N815 - so it is called in the protocol
    batch: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def key(self) -> str | None:
        """The write key in the body."""
        raw = bytes(self.writeKey)
        return msgspec.json.decode(raw, type=str) or None if raw[:1] == b'"' else None

    def events(self, kind: str) -> int:
        """How many events the body holds. Raises `NoFrame` or `TooMany`."""
        if kind != "batch":
            return 1
        try:
            found = len(_LIST.decode(self.batch))
        except (msgspec.MsgspecError, RecursionError) as error:
            raise NoFrame("batch is no list") from error
        if found > MAX_EVENTS:
            raise TooMany
        return found


_FRAME = msgspec.json.Decoder(Frame)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def frame_of(body: bytes) -> tuple[Frame, bytes]:
    """The frame of a body, and the body as it is to be kept. Raises `NoFrame`.

    >>> frame_of(b'{"writeKey":"k","batch":[1,{}]}')[0].events("batch")
    2
    >>> frame_of(b'{"value":NaN}')[1]
    b'{"value":null}'
    """
    try:
        return _FRAME.decode(body), body
    except (msgspec.MsgspecError, RecursionError) as error:
        if b"NaN" not in body and b"Infinity" not in body:
            raise NoFrame("no JSON object") from error
    # Python's SDKs write NaN and Infinity, which are no JSON: a whole batch must not be lost for one such number.
    body = _with_numbers_mended(body)
    try:
        return _FRAME.decode(body), body
    except (msgspec.MsgspecError, RecursionError) as error:
        raise NoFrame("no JSON object") from error


def _with_numbers_mended(body: bytes) -> bytes:
    try:
        return msgspec.json.encode(json.loads(body.decode("utf-8", "replace")))
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise NoFrame("no JSON object") from error
