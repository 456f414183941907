"""What the loader hands to others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """What one tick did. `more` says that the inbox may hold more."""

    rows: int = 0
    """Rows of the inbox."""
    events: int = 0
    """Calls taken."""
    report: dict[str, int] = field(default_factory=dict)
    batch: int | None = None
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flushed:
    """What one flush did; `load_id` is None where nothing was due."""

    load_id: str | None = None
    batches: int = 0
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedCall:
    """A call in quarantine. `raw`, `message_id` and `event_name` may be personal."""

    id: int
    source: str
    code: str
    explanation: str
    raw: str
    event_name: str
    message_id: str
    occurred_at: int | None
    received_at: int
    state: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HotCall:
    """A call of the hot tail; instants are microseconds since 1970, UTC. `properties` are those of the call as it came."""

    id: int
    batch: int
    identity_id: str | None
    account_id: str | None
    occurred_at: int
    received_at: int
    source: str
    kind: str
    name: str | None
    message_id: str
    marks: list[str]
    properties: dict[str, Any]
    order_id: str | None = None
    amount_minor: int | None = None
    """What the order or refund of which it tells is worth in the tables, in the smallest unit of `currency`."""
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceQuality:
    """How good what a source sends is, over the last days; nothing personal. Shares are None where nothing came."""

    source: str
    days: int
    events: int
    refused: int
    duplicates: int
    marked: int
    erased: int
    without_message_id: float | None
    without_user_id: float | None
    without_time: float | None
    skewed: float | None
    late: float | None
    last_received: int | None
    silent_seconds: float | None
    """How long nothing has come."""
    usual_silence_seconds: float | None
    """The longest silence of an ordinary day; None with less than three days of history."""
    is_silent: bool
    """Whether nothing has come for much longer than usual."""
    new_properties: list[dict[str, str]]
    """Event, name and type of properties that are new on an event known for longer, or have a new type."""
