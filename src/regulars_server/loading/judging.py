"""A range of the inbox, read and judged: which calls are taken, which are set aside and why. Changes nothing."""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import msgspec

from regulars.tracking import read
from regulars_server.intake.public import cut_within
from regulars_server.shared.public import texts_of_broken, texts_within

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from regulars.tracking import Call, Refused
    from regulars.warehouse.erasure.hashes import ErasedHashes
    from regulars_server.intake.public import InboxRow
    from regulars_server.loading.plans import CheckedPlan

POISON = "loading.poison"
OFF_PLAN = "plan.violated"
_LONGEST_ID = 512


@dataclass(slots=True, kw_only=True)
class SetAside:
    """A call for the quarantine."""

    source: str
    kind: str
    code: str
    explanation: str
    raw: bytes
    received_at: int
    about: Mapping[str, Any] = field(default_factory=dict)
    message_id: str | None = None
    event_name: str | None = None
    occurred_at: int | None = None
    sent_at: int | None = None

    @classmethod
    def call(cls, call: Call, code: str, explanation: str) -> SetAside:
        """A call that was read and cannot be taken."""
        return cls(
            source=call.source,
            kind=call.kind,
            code=code,
            explanation=explanation,
            raw=bytes(call.raw),
            received_at=call.received_at,
            message_id=call.message_id,
            event_name=call.name,
            occurred_at=call.occurred_at,
            sent_at=None if call.skew is None else call.received_at - call.skew,
        )


@dataclass(slots=True)
class Judged:
    """What a range held. `marks` are by place in `calls`."""

    calls: list[Call] = field(default_factory=list)
    marks: dict[int, list[str]] = field(default_factory=dict)
    aside: list[SetAside] = field(default_factory=list)
    erased: dict[str, int] = field(default_factory=dict)
    """By source: calls of people who were erased; they are dropped."""


def judge(rows: Sequence[InboxRow], plans: Mapping[str, CheckedPlan], erased: ErasedHashes, addresses: Mapping[str, str]) -> Judged:
    """Read every request; what cannot be read, or what the plan of its source keeps out, is set aside.

    `addresses` says by source what is kept of IP addresses (`cut`, `full`, `none`): before anything else keeps any of it.
    """
    found = Judged()
    gone = Erased(erased)
    for row in rows:
        body = cut_within(row.body, addresses.get(row.source, "cut"))
        for call in _read(row if body is row.body else replace(row, body=body), found, gone):
            if gone and gone.concerns(call):
                found.erased[call.source] = found.erased.get(call.source, 0) + 1
                continue
            plan = plans.get(call.source)
            violations = _violations(plan, call) if plan is not None else []
            if violations and plan is not None and plan.keeps_out:
                found.aside.append(SetAside.call(call, OFF_PLAN, "; ".join(violations)))
                continue
            if violations:
                found.marks[len(found.calls)] = violations
            found.calls.append(call)
    return found


def _violations(plan: CheckedPlan, call: Call) -> list[str]:
    try:
        return plan.check(call)
    except Exception as fault:  # noqa: BLE001  a plan that fails on an event must not stop the queue
        return [f"the plan could not be applied: {type(fault).__name__}"]


def _read(row: InboxRow, found: Judged, gone: Erased) -> list[Call]:
    key = f"{row.received_at}-{row.id}"
    # A replayed call brings its own clock error with it.
    try:
        reading = read(row.body, kind=row.kind, received_at=row.received_at, source=row.source, key=key, about=row.about)
    except Exception as fault:  # noqa: BLE001  whatever a request does to the parser, the next one is read
        parts = _split(row.body)
        if len(parts) < 2:
            _take_poisoned(row, row.body, fault, found, gone)
            return []
        return _read_singly(row, key, parts, found, gone)
    _take_refused(row, reading.refused, found, gone)
    return reading.calls


def _read_singly(row: InboxRow, key: str, parts: list[bytes], found: Judged, gone: Erased) -> list[Call]:
    calls: list[Call] = []
    for place, part in enumerate(parts):
        try:
            body = b'{"batch":[' + part + b"]," + _frame(row.body) + b"}"
            reading = read(body, kind=row.kind, received_at=row.received_at, source=row.source, key=f"{key}/{place}", about=row.about)
        except Exception as fault:  # noqa: BLE001 - whatever a call does to the parser, the next one is read
            _take_poisoned(row, part, fault, found, gone)
            continue
        _take_refused(row, reading.refused, found, gone)
        calls += reading.calls
    return calls


def _take_refused(row: InboxRow, refused: Iterable[Refused], found: Judged, gone: Erased) -> None:
    """Set aside what could not be taken of a request, unless it names somebody who was erased."""
    for one in refused:
        if gone and gone.concern(one.raw):
            found.erased[row.source] = found.erased.get(row.source, 0) + 1
            continue
        found.aside.append(
            SetAside(
                source=row.source,
                kind=row.kind,
                code=one.code,
                explanation=one.explanation,
                raw=one.raw,
                received_at=row.received_at,
                about=row.about,
                message_id=one.message_id,
                event_name=_name(one.raw),
            )
        )


def _take_poisoned(row: InboxRow, raw: bytes, fault: Exception, found: Judged, gone: Erased) -> None:
    """Set aside what could not even be read, unless it names somebody who was erased."""
    if gone and gone.concern(raw):
        found.erased[row.source] = found.erased.get(row.source, 0) + 1
    else:
        found.aside.append(_poisoned(row, raw, fault))


class _Batch(msgspec.Struct):
    batch: list[msgspec.Raw]


def _split(body: bytes) -> list[bytes]:
    try:
        return [bytes(part) for part in msgspec.json.decode(body, type=_Batch).batch]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return []


def _frame(body: bytes) -> bytes:
    try:
        sent_at = msgspec.json.decode(body).get("sentAt")
    except (msgspec.MsgspecError, AttributeError, RecursionError, UnicodeDecodeError):
        sent_at = None
    return b'"sentAt":' + msgspec.json.encode(sent_at)


def _poisoned(row: InboxRow, raw: bytes, fault: Exception) -> SetAside:
    return SetAside(
        source=row.source,
        kind=row.kind,
        code=POISON,
        explanation=f"reading it failed: {where(fault)}",
        raw=raw,
        received_at=row.received_at,
        about=row.about,
        event_name=_name(raw),
    )


def where(fault: BaseException) -> str:
    """What went wrong and at which line of ours, without the message, which may hold personal values."""
    frames = traceback.extract_tb(fault.__traceback__)
    last = next((frame for frame in reversed(frames) if "regulars" in frame.filename), frames[-1] if frames else None)
    place = "" if last is None else f" in {PurePath(last.filename).name}, line {last.lineno}"
    return f"{type(fault).__name__}{place}"


class _Named(msgspec.Struct):
    event: Any = None


def _name(raw: bytes) -> str | None:
    try:
        found = msgspec.json.decode(raw, type=_Named).event
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return found[:200] if isinstance(found, str) else None


class Erased:
    """Whether a call is of somebody who was erased; true as a whole where anybody was."""

    def __init__(self, hashes: ErasedHashes) -> None:
        self._hashes = hashes
        self._known: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(len(self._hashes))

    def concerns(self, call: Call) -> bool:
        """Whether one of the call's ids belonged to an erased person."""
        from regulars.tracking import identifiers

        values = [call.user_id, call.anonymous_id, call.previous_id]
        for identifier in identifiers(call):
            values += [identifier.value, identifier.identity]
        return any(self._contains(value) for value in values if value)

    def concern(self, raw: bytes) -> bool:
        """Whether one of them is named in a call that cannot be read."""
        texts: Iterable[str]
        try:
            texts = texts_within(json.loads(raw))
        except (ValueError, RecursionError):
            texts = texts_of_broken(raw.decode("utf-8", "replace"))
        return any(self._contains(text) for text in texts if len(text) <= _LONGEST_ID)

    def _contains(self, value: str) -> bool:
        known = self._known.get(value)
        if known is None:
            known = self._known[value] = self._hashes.contains(value)
        return known
