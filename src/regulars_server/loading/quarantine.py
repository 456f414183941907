"""The quarantine: calls that were not taken, with their reason; mended or not, they can be replayed, and count once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from regulars_server.intake.public import InboxRow, open_inbox, sources
from regulars_server.loading.bulk import chunks, insert
from regulars_server.loading.contracts import QuarantinedCall
from regulars_server.loading.errors import ReplayRefused
from regulars_server.loading.models import Quarantined
from regulars_server.shared.public import publish, record_change, write_tx

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from regulars_server.loading.judging import SetAside

WEBHOOKS = frozenset({"shopify", "stripe"})
KEEP_DAYS = 90
ORDER_UNKNOWN = "tracking.order_unknown"
_AT_ONCE = 200
_COLUMNS = (
    "source", "code", "explanation", "raw", "kind", "about", "event_name", "message_id", "occurred_at", "received_at", "sent_at", "state", "at",
    "settled_at",
)  # fmt: skip
State = Quarantined.State


def put_aside(calls: Sequence[SetAside], now: datetime) -> int:
    """Keep calls in quarantine, inside the batch's transaction; what waits there already under the same message id is not kept twice."""
    waiting: set[tuple[str, str]] = set()
    for part in chunks({call.message_id for call in calls if call.message_id}, 500):
        waiting.update(Quarantined.objects.filter(state=State.WAITING, message_id__in=part).values_list("source", "message_id"))
    rows = []
    for call in calls:
        name = (call.source, (call.message_id or "")[:600])
        if name[1] and name in waiting:
            continue
        waiting.add(name)
        about = json.dumps({key: value for key, value in call.about.items() if key != "replayed"})
        explanation = call.explanation.replace("\0", "\ufffd")[:2000]
        event = (call.event_name or "").replace("\0", "")[:200]
        rows.append(
            (call.source, call.code[:80], explanation, call.raw, call.kind, about, event, name[1].replace("\0", ""), call.occurred_at,
             call.received_at, call.sent_at, State.WAITING.value, now, None)
        )  # fmt: skip
    insert(Quarantined, _COLUMNS, rows)
    return len(rows)


def quarantine(
    *, source: str | None = None, code: str | None = None, state: str = State.WAITING, before: int | None = None, limit: int = 50
) -> list[QuarantinedCall]:
    """Calls in quarantine, the newest first; `before` is the id of the last one of the page before."""
    found = Quarantined.objects.filter(state=state)
    if source:
        found = found.filter(source=source)
    if code:
        found = found.filter(code=code)
    if before is not None:
        found = found.filter(id__lt=before)
    return [_shown(row) for row in found.order_by("-id")[:limit]]


def quarantined(number: int) -> QuarantinedCall | None:
    """One call in quarantine."""
    row = Quarantined.objects.filter(id=number).first()
    return _shown(row) if row else None


def quarantine_counts() -> dict[tuple[str, str], int]:
    """How many calls wait, by source and code; nothing personal."""
    from django.db.models import Count

    found = Quarantined.objects.filter(state=State.WAITING).values("source", "code").annotate(n=Count("id")).order_by()
    return dict(sorted(((row["source"], row["code"]), row["n"]) for row in found))


def replay(
    ids: Sequence[int] | None = None,
    *,
    source: str | None = None,
    code: str | None = None,
    changed: Mapping[int, str | bytes] | None = None,
    actor: str,
    now: datetime,
) -> int:
    """Send quarantined calls through the loader once more, as they are or as `changed` (JSON by id); says how many.

    A call keeps its message id and its times, so that it counts once however often it is replayed. What still cannot be taken comes back to
    the quarantine with its new reason. Raises `ReplayRefused` for a change that is no JSON object.
    """
    changed = changed or {}
    for number, text in changed.items():
        _check_json(number, text)
    found = Quarantined.objects.filter(state=State.WAITING)
    if ids is not None:
        found = found.filter(id__in=list(ids))
    if source:
        found = found.filter(source=source)
    if code:
        found = found.filter(code=code)
    count = 0
    inbox = open_inbox()
    try:
        for part in chunks(list(found.order_by("id").values_list("id", flat=True)), 200):
            with write_tx():
                rows = list(Quarantined.objects.select_for_update().filter(id__in=part, state=State.WAITING).order_by("id"))
                # Into the inbox first: killed in between, they wait and are replayed again, and their ids make them count once.
                inbox.append([_inbox_row(row, changed.get(row.pk)) for row in rows])
                Quarantined.objects.filter(id__in=[row.pk for row in rows]).update(state=State.REPLAYED, settled_at=now)
                record_change(actor=actor, action="quarantine.replayed", now=now, details={"calls": len(rows)})
                publish("quarantine.replayed", {"calls": len(rows)}, now=now)
            count += len(rows)
    finally:
        inbox.close()
    return count


def retry_orders(now: datetime) -> int:
    """Replay what waits for an order that is known by now, such as a refund that overtook it; says how many."""
    from regulars.tracking import read
    from regulars_server.loading.known_orders import with_known
    from regulars_server.loading.whose import unlocated

    shops = {source.slug: source.shop for source in sources()}
    waiting = Quarantined.objects.filter(state=State.WAITING, code=ORDER_UNKNOWN).order_by("id")
    ready, after = list[int](), 0
    while rows := list(waiting.filter(id__gt=after)[:_AT_ONCE]):
        after = rows[-1].pk
        asking = []
        for row in rows:
            request = _inbox_row(row, None)
            calls = read(
                request.body, kind=request.kind, received_at=row.received_at, source=row.source, key="retry", about=request.about
            ).calls
            asking += [(row.pk, unlocated(call)) for call in calls]
        answered = with_known([call for _, call in asking], shops)
        ready += [number for (number, _), one in zip(asking, answered, strict=True) if one.order is not None]
    return replay(ready, actor="system", now=now) if ready else 0


def dismiss(ids: Sequence[int], *, actor: str, now: datetime) -> int:
    """Give calls in quarantine up; they expire with the others."""
    with write_tx():
        count = Quarantined.objects.filter(id__in=list(ids), state=State.WAITING).update(state=State.DISMISSED, settled_at=now)
        record_change(actor=actor, action="quarantine.dismissed", now=now, details={"calls": count})
    return count


def _inbox_row(row: Quarantined, changed: str | bytes | None) -> InboxRow:
    raw = bytes(row.raw) if changed is None else changed.encode() if isinstance(changed, str) else changed
    # Without the delivery's id, which the inbox would recognise as a repeated one.
    about = {key: value for key, value in row.about.items() if key != "id"}
    if row.kind in WEBHOOKS:
        return InboxRow(0, row.received_at, row.source, row.kind, raw, about)
    return InboxRow(0, row.received_at, row.source, *_as_request(row, raw), about)


def _as_request(row: Quarantined, raw: bytes) -> tuple[str, bytes]:
    """The kind and body of a request that says the same: with the message id and the sending time that the call had."""
    try:
        call = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return row.kind, raw
    for name, value in (("messageId", row.message_id or f"quarantine-{row.pk}"), ("sentAt", _iso(row.sent_at))):
        if value is not None and bytes(call.get(name, b"null")) in {b"null", b'""'}:
            call[name] = msgspec.Raw(msgspec.json.encode(value))
    if "type" not in call and row.kind not in {"batch", "import"}:
        call["type"] = msgspec.Raw(msgspec.json.encode(row.kind))
    return ("import" if row.kind == "import" else "batch"), b'{"batch":[' + msgspec.json.encode(call) + b"]}"


def _iso(instant: int | None) -> str | None:
    from regulars.tracking.instants import iso

    return None if instant is None else iso(instant)


def _check_json(number: int, text: str | bytes) -> None:
    try:
        whole = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as fault:
        raise ReplayRefused(
            f"The changed call {number} is not JSON.", expected="one JSON object", remedy="Mend it and replay it again."
        ) from fault
    if not isinstance(whole, dict):
        raise ReplayRefused(f"The changed call {number} is no JSON object.", expected="one JSON object", remedy="Mend it.")


def _shown(row: Quarantined) -> QuarantinedCall:
    return QuarantinedCall(
        id=row.pk,
        source=row.source,
        code=row.code,
        explanation=row.explanation,
        raw=bytes(row.raw).decode("utf-8", "replace"),
        event_name=row.event_name,
        message_id=row.message_id,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        state=row.state,
        at=row.at,
    )


def expire(now: datetime) -> int:
    """Delete calls that have been in quarantine for 90 days."""
    from datetime import timedelta

    with write_tx():
        old = list(Quarantined.objects.filter(at__lt=now - timedelta(days=KEEP_DAYS)).order_by("id").values_list("id", flat=True)[:500])
        return Quarantined.objects.filter(id__in=old).delete()[0]
