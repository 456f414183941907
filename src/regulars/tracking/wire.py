"""From the bytes of a request to its single calls, however broken some of them are."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import msgspec

from regulars.tracking.calls import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 40
"""Objects and lists within each other."""
IN_CALL = MAX_DEPTH - 1
"""The call itself is the first of them."""

DECODE_FAULTS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_SIGNS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},:]', re.DOTALL)
_HALVES = re.compile("[\ud800-\udfff]")
_ESCAPES = re.compile(r"\\(?:u[0-9a-f]{4}|.)")


class Wire(msgspec.Struct, rename="camel", gc=False):
    """A call as it is sent: nothing in it can be relied on yet."""

    type: Any = None
    message_id: Any = None
    timestamp: Any = None
    original_timestamp: Any = None
    sent_at: Any = None
    user_id: Any = None
    anonymous_id: Any = None
    group_id: Any = None
    previous_id: Any = None
    event: Any = None
    name: Any = None
    category: Any = None
    properties: Any = None
    traits: Any = None
    context: msgspec.Raw = msgspec.Raw(b"null")
    """Still bytes: many calls of a request have the same, which is read once."""


class Frame(msgspec.Struct, rename="camel"):
    """A batch: its calls still bytes, and what holds for all of them."""

    batch: list[msgspec.Raw]
    sent_at: Any = None
    context: Any = None


_FRAME = msgspec.json.Decoder(Frame)
_CALL = msgspec.json.Decoder(Wire)
_ANY = msgspec.json.Decoder()


def frame_of(body: bytes) -> Frame:
    """The calls of a batch. A call whose JSON is broken spoils no other, unless where it ends cannot be told.

    Raises `Refusal` where there is no list of calls.
    """
    try:
        return _FRAME.decode(body)
    except DECODE_FAULTS:
        pass
    parts = dict(_members(body))
    batch = parts.get(b'"batch"', b"")
    if not batch.startswith(b"["):
        raise Refusal("no_batch", "the request is no JSON object with a list called batch")
    calls = [msgspec.Raw(item) for item in _elements(batch)]
    return Frame(batch=calls, sent_at=_loosely(parts.get(b'"sentAt"')), context=_loosely(parts.get(b'"context"')))


def wire_of(raw: bytes | msgspec.Raw) -> tuple[Wire, bool]:
    """One call, and whether its JSON had to be mended. Raises `Refusal` where it is no JSON object."""
    plain = bytes(raw)
    if b"\\" not in plain or b"\\u0000" not in plain:
        try:
            return _CALL.decode(plain), False
        except DECODE_FAULTS:
            pass
    try:
        return _CALL.decode(mended(plain)), True
    except msgspec.ValidationError:
        raise Refusal("not_an_object", "the call is no JSON object") from None


def context_of(raw: bytes) -> tuple[dict[str, Any], bool]:
    """A call's context, and whether its JSON had to be mended; empty where it is no object. Raises `Refusal` where it cannot be read."""
    try:
        found, was_mended = _ANY.decode(raw), False
    except DECODE_FAULTS:
        found, was_mended = _ANY.decode(mended(raw)), True
    if not isinstance(found, dict):
        return {}, was_mended
    refuse_deep(found, IN_CALL)
    return found, was_mended


def object_of(body: bytes) -> dict[str, Any]:
    """The body as one object. Raises `Refusal` where it is none."""
    try:
        found = _ANY.decode(body if b"\\u0000" not in body else mended(body))
    except DECODE_FAULTS:
        found = _ANY.decode(mended(body))
    if not isinstance(found, dict):
        raise Refusal("not_an_object", "the request is no JSON object")
    refuse_deep(found)
    return found


def refuse_deep(value: dict[str, Any] | list[Any], most: int = MAX_DEPTH) -> None:
    """Raise `Refusal` where objects and lists, `value` the first of them, stand within each other more than `most` deep."""
    for inner in value.values() if isinstance(value, dict) else value:
        kind = inner.__class__
        if kind is dict or kind is list:
            if most < 2:
                raise _too_deep()
            refuse_deep(inner, most - 1)


def mended(raw: bytes) -> bytes:
    """JSON without what JSON does not know: NaN and infinite numbers become null, half characters the sign for an unknown one.

    Raises `Refusal` where it is not JSON at all.
    """
    text = raw.decode("utf-8", "replace").lstrip("\ufeff")
    try:
        value = json.loads(text, parse_constant=lambda _: None, parse_float=_finite, strict=False)
        again = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as fault:
        raise Refusal("not_json", f"it is not JSON: {_where(fault)}") from None
    return _ESCAPES.sub(_without_nul, _HALVES.sub("\ufffd", again)).encode()


def _without_nul(escape: re.Match[str]) -> str:
    # Taken escape by escape: in text that tells of "\\u0000" the first backslash belongs to the second.
    return "" if escape[0] == "\\u0000" else escape[0]


def _where(fault: ValueError) -> str:
    return f"{fault.msg} at character {fault.pos}" if isinstance(fault, json.JSONDecodeError) else "it cannot be read"


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def _loosely(part: bytes | None) -> Any:
    try:
        return _ANY.decode(mended(part)) if part is not None else None
    except Refusal:
        return None


def _too_deep() -> Refusal:
    return Refusal("too_deep", f"objects and lists stand within each other more than {MAX_DEPTH} deep")


def _members(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys (in quotes) and values of an object, without reading the values."""
    for part in _elements(body):
        found = re.match(rb'\s*("(?:[^"\\]|\\.)*")\s*:\s*', part)
        if found:
            yield found.group(1), part[found.end() :].strip()


def _elements(body: bytes) -> Iterator[bytes]:
    """What stands between the commas of a list or object."""
    depth, start = 0, 0
    for sign in _SIGNS.finditer(body):
        mark = sign.group()
        if mark in b"{[":
            depth += 1
            if depth == 1:
                start = sign.end()
        elif mark in b"}]":
            depth -= 1
            if depth == 0:
                last = body[start : sign.start()].strip()
                if last:
                    yield last
                return
        elif mark == b"," and depth == 1:
            yield body[start : sign.start()].strip()
            start = sign.end()
