"""Calls as a sender writes them, and what becomes of them in one go."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from regulars.tracking import Call, Reading, read
from regulars.tracking.projection import Located, Projection, project

SECOND = 1_000_000
RECEIVED = int(datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC).timestamp()) * SECOND


def micro(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * SECOND)


def sent(*calls: Any, kind: str = "batch", received_at: int = RECEIVED, about: dict[str, Any] | None = None, **frame: Any) -> Reading:
    body = json.dumps({"batch": list(calls), **frame})
    return read(body.encode("utf-8", "surrogatepass"), kind=kind, received_at=received_at, source="web", key="k", about=about)


def one(received_at: int = RECEIVED, **call: Any) -> Call:
    reading = sent({"type": "track", "event": "Tea Drunk", **call}, received_at=received_at)
    assert reading.refused == []
    return reading.calls[0]


def track(
    event: str, at: str = "2026-03-01T10:00:00Z", *, message_id: str = "m1", context: dict[str, Any] | None = None, **properties: Any
) -> Call:
    return one(event=event, timestamp=at, messageId=message_id, userId="u1", properties=properties, context=context or {})


def projected(*calls: Call, currency: str | None = "EUR", **located: Any) -> Projection:
    return project([Located(call=call, identity_id="u1", **located) for call in calls], currency=currency)


def rows(projection: Projection, table: str) -> list[dict[str, Any]]:
    return projection.tables[table].to_pylist() if table in projection.tables else []
