"""The frame of a request: that it is a JSON object, whose key it names and how many events it holds. No event is judged here."""

from __future__ import annotations

import json
import re
from math import isfinite

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
_MENDABLE = (b"NaN", b"Infinity", b"\\ud", b"\\uD")
_HALVES = re.compile("[\ud800-\udfff]")


def frame_of(body: bytes) -> tuple[Frame, bytes]:
    r"""The frame of a body, and the body as it is to be kept. Raises `NoFrame`.

    >>> frame_of(b'{"writeKey":"k","batch":[1,{}]}')[0].events("batch")
    2
    >>> frame_of(b'{"value":NaN}')[1]
    b'{"value":null}'
    >>> frame_of(rb'{"value":"\ud83d!"}')[1].decode()
    '{"value":"�!"}'
    """
    try:
        return _FRAME.decode(body), body
    except (msgspec.MsgspecError, RecursionError) as error:
        if not any(sign in body for sign in _MENDABLE):
            raise NoFrame("no JSON object") from error
    # Python's SDKs write NaN and Infinity, and others half of a character where they cut a text: a whole batch must not be lost for one such value.
    body = _mended(body)
    try:
        return _FRAME.decode(body), body
    except (msgspec.MsgspecError, RecursionError) as error:
        raise NoFrame("no JSON object") from error


def _mended(body: bytes) -> bytes:
    try:
        value = json.loads(body.decode("utf-8", "replace"), parse_constant=lambda _: None, parse_float=_finite)
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError) as error:
        raise NoFrame("no JSON object") from error
    return _HALVES.sub("\ufffd", text).encode()


def _finite(text: str) -> float | None:
    number = float(text)
    return number if isfinite(number) else None
