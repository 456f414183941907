"""Segment's tracking calls: read from JSON, checked against a plan, and projected to rows of the canonical tables."""

from regulars.tracking.calls import Call, Reading, Refused
from regulars.tracking.identifying import identifiers
from regulars.tracking.reading import MAX_EVENT_BYTES, read

__all__ = ["MAX_EVENT_BYTES", "Call", "Reading", "Refused", "identifiers", "read"]
