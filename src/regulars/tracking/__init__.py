"""Segment's tracking calls: read from JSON, checked against a plan, and projected to rows of the canonical tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.tracking.calls import Call, Reading, Refused
from regulars.tracking.reading import MAX_EVENT_BYTES, read

if TYPE_CHECKING:
    from regulars.tracking.identifying import identifiers

__all__ = ["MAX_EVENT_BYTES", "Call", "Reading", "Refused", "identifiers", "read"]


def __getattr__(name: str) -> Any:
    # Whoever only splits requests into calls need not wait for what identities rest on.
    if name == "identifiers":
        from regulars.tracking.identifying import identifiers as found

        globals()[name] = found
        return found
    raise AttributeError(name)
