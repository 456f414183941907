"""How good the data of a source are: counted by the hour as they pass, and compared with what is usual for it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least

from regulars.tracking import calls as notes
from regulars_server.loading.bulk import chunks
from regulars_server.loading.contracts import SourceQuality
from regulars_server.loading.models import KnownProperty, SourceHour
from regulars_server.shared.public import write_tx

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from regulars.tracking import Call
    from regulars_server.loading.judging import Judged

_HOUR = 3_600_000_000
_SKEWED = 60_000_000
COUNTS = ("events", "refused", "duplicates", "marked", "erased", "without_message_id", "without_user_id", "without_time", "skewed", "late")
KEEP_DAYS = 90
MOST_PROPERTIES = 10_000
"""Of one source: more are ids that somebody has made names of, and would never end."""
_SAMPLE = 20
"""Calls of one event of one source whose properties are looked at, per batch."""
_NEW_FOR = timedelta(days=7)
_SETTLED = timedelta(days=1)
"""An event known for this long has the properties that it has; what comes later is new."""


def count(judged: Judged, taken: Sequence[Call], duplicates: Iterable[Call], now: datetime) -> None:
    """Add a batch to the hours in which it was received, inside its transaction."""
    hours: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTS, 0))
    span: dict[tuple[str, int], tuple[int, int]] = {}

    def place(source: str, received_at: int) -> dict[str, int]:
        key = (source, received_at // _HOUR)
        first, last = span.get(key, (received_at, received_at))
        span[key] = (min(first, received_at), max(last, received_at))
        return hours[key]

    request, at = None, {}
    for call in taken:
        # Calls of one request come one after the other.
        if (call.source, call.received_at) != request:
            request = call.source, call.received_at
            at = place(*request)
        at["events"] += 1
        if call.user_id is None:
            at["without_user_id"] += 1
        if call.received_at - call.occurred_at > _HOUR:
            at["late"] += 1
        if call.skew is not None and abs(call.skew) > _SKEWED:
            at["skewed"] += 1
        if call.notes:
            at["without_message_id"] += notes.NO_MESSAGE_ID in call.notes
            at["without_time"] += notes.NO_TIMESTAMP in call.notes
    for call in duplicates:
        place(call.source, call.received_at)["duplicates"] += 1
    for aside in judged.aside:
        place(aside.source, aside.received_at)["refused"] += 1
    for which in judged.marks:
        place(judged.calls[which].source, judged.calls[which].received_at)["marked"] += 1
    micros = int(now.timestamp() * 1_000_000)
    for source, erased in judged.erased.items():
        place(source, micros)["erased"] += erased
    for (source, hour), counted in hours.items():
        _add(source, hour, counted, span[source, hour])


def _add(source: str, hour: int, counted: Mapping[str, int], span: tuple[int, int]) -> None:
    changes: dict[str, Any] = {name: F(name) + value for name, value in counted.items() if value}
    changes["first_received"] = Least("first_received", span[0])
    changes["last_received"] = Greatest("last_received", span[1])
    if not SourceHour.objects.filter(source=source, hour=hour).update(**changes):
        SourceHour.objects.create(source=source, hour=hour, first_received=span[0], last_received=span[1], **counted)


Property = tuple[str, str, str, str]
"""Source, event, name and type."""
_known: set[Property] = set()


def notice_properties(calls: Sequence[Call], now: datetime) -> None:
    """Note properties (and their types) that an event of a source has not had before, inside the batch's transaction."""
    looked: dict[tuple[str, str], int] = defaultdict(int)
    found: set[Property] = set()
    for call in calls:
        if call.name is None or not call.properties:
            continue
        key = (call.source, call.name)
        if looked[key] >= _SAMPLE:
            continue
        looked[key] += 1
        for name, value in list(call.properties.items())[:100]:
            if value is not None and len(name) <= 200:
                found.add((call.source, call.name, name.replace("\0", ""), _type(value)))
    new = found - _known
    if not new:
        return
    noted = []
    for source in sorted({one[0] for one in new}):
        room = MOST_PROPERTIES - KnownProperty.objects.filter(source=source).count()
        # After a start everything looks new.
        noted += sorted(_not_noted(source, {one for one in new if one[0] == source}))[: max(0, room)]
    KnownProperty.objects.bulk_create(
        [KnownProperty(source=s, event=e, name=n, type=t, first_seen=now) for s, e, n, t in noted], ignore_conflicts=True, batch_size=200
    )
    if len(_known) < 100_000:
        transaction.on_commit(lambda: _known.update(new))


def _not_noted(source: str, found: set[Property]) -> set[Property]:
    there: set[Property] = set()
    for part in chunks(sorted({event for _, event, _, _ in found}), 500):
        there |= set(KnownProperty.objects.filter(source=source, event__in=part).values_list("source", "event", "name", "type"))
    return found - there


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "text", list: "list", dict: "object"}.get(type(value), "other")


def quality(now: datetime, *, days: int = 14) -> list[SourceQuality]:
    """How good the data of every source that ever sent are, over the last days."""
    since = int(now.timestamp()) // 3600 - days * 24
    by_source: dict[str, list[SourceHour]] = defaultdict(list)
    for row in SourceHour.objects.filter(hour__gte=since).order_by("source", "hour"):
        by_source[row.source].append(row)
    for source in SourceHour.objects.order_by().values_list("source", flat=True).distinct():
        by_source.setdefault(source, [])
    drift = _drift(now)
    return [_quality(source, rows, days, now, drift.get(source, [])) for source, rows in sorted(by_source.items())]


def _quality(source: str, rows: list[SourceHour], days: int, now: datetime, drift: list[dict[str, str]]) -> SourceQuality:
    total = {name: sum(getattr(row, name) for row in rows) for name in COUNTS}
    events = total["events"]

    def share(name: str) -> float | None:
        return total[name] / events if events else None

    last = rows[-1].last_received if rows else SourceHour.objects.filter(source=source).order_by("-hour").first().last_received
    silent = now.timestamp() - last / 1e6
    usual = usual_silence([(row.first_received, row.last_received) for row in rows], now)
    return SourceQuality(
        source=source,
        days=days,
        events=events,
        refused=total["refused"],
        duplicates=total["duplicates"],
        marked=total["marked"],
        erased=total["erased"],
        without_message_id=share("without_message_id"),
        without_user_id=share("without_user_id"),
        without_time=share("without_time"),
        skewed=share("skewed"),
        late=share("late"),
        last_received=last,
        silent_seconds=max(0.0, silent),
        usual_silence_seconds=usual,
        is_silent=(usual is not None and silent > 2 * usual + 1800) or (usual is None and not rows),
        new_properties=drift,
    )


def usual_silence(spans: Sequence[tuple[int, int]], now: datetime) -> float | None:
    """The longest silence of an ordinary day in seconds: the median over days of each day's longest; None with less than three whole days.

    `spans` are first and last receipt of each hour in which something came, in order.
    """
    longest: dict[int, float] = {}
    for (_, before), (after, _) in pairwise(spans):
        day = after // (24 * _HOUR)
        longest[day] = max(longest.get(day, 0.0), (after - before) / 1e6)
    longest.pop(int(now.timestamp()) // 86_400, None)
    return median(longest.values()) if len(longest) >= 3 else None


def _drift(now: datetime) -> dict[str, list[dict[str, str]]]:
    begun: dict[tuple[str, str], datetime] = {}
    rows = list(KnownProperty.objects.order_by("first_seen", "id"))
    for row in rows:
        begun.setdefault((row.source, row.event), row.first_seen)
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        since = begun[row.source, row.event]
        if row.first_seen > now - _NEW_FOR and row.first_seen - since > _SETTLED:
            found[row.source].append({"event": row.event, "property": row.name, "type": row.type, "since": row.first_seen.isoformat()})
    return dict(found)


def expire(now: datetime) -> int:
    """Forget hours from more than 90 days ago."""
    with write_tx():
        return SourceHour.objects.filter(hour__lt=int(now.astimezone(UTC).timestamp()) // 3600 - KEEP_DAYS * 24).delete()[0]
