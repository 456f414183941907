"""Instants as senders write them, in microseconds since 1970 UTC, and the correction of their clocks."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from regulars.tracking.calls import Refusal
from regulars.tracking.describing import kind_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = -2_208_988_800_000_000
"""1900: what is said to have happened before did not."""
LATEST = 4_102_444_800_000_000
"""2100."""
_DAY = 86_400_000_000
_LONG_FRACTION = re.compile(r"(\.\d{6})\d+")
_HALF_OFFSET = re.compile(r"([+-]\d{2})$")
_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,9})?$")
_UNSET = frozenset({"0001-01-01T00:00:00Z", "0001-01-01T00:00:00", "0000-00-00 00:00:00", "0000-00-00T00:00:00Z"})


def microseconds(value: Any) -> int | None:
    """An instant in any ISO 8601 form, as e-mail writes it, or as seconds, milliseconds, microseconds or nanoseconds since 1970; None where there is none.

    Without a zone it is UTC. Raises `Refusal` where it is unreadable, or before 1900 or after 2100.

    >>> microseconds("2024-02-29T12:00:00.5+01:00") == microseconds(1709204400500)
    True
    """
    if isinstance(value, str):
        text = value.strip()
        if not text or text in _UNSET:
            return None
        instant = _of_text(text)
    elif value is None:
        return None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        instant = _of_number(value)
    else:
        raise Refusal("bad_timestamp", f"the time is {kind_of(value)}, neither a text nor a number")
    if not EARLIEST <= instant < LATEST:
        raise Refusal("bad_timestamp", "the time lies before 1900 or after 2100")
    return instant


def iso(instant: int) -> str:
    """Microseconds as ISO 8601 in UTC."""
    from datetime import timedelta

    return (_EPOCH + timedelta(microseconds=instant)).isoformat().replace("+00:00", "Z")


def _of_text(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _of_odd_text(text)
    return _of_datetime(moment)


def _of_datetime(moment: datetime) -> int:
    try:
        since = moment.replace(tzinfo=UTC) - _EPOCH if moment.tzinfo is None else moment - _EPOCH
    except OverflowError:
        return LATEST
    return since.days * _DAY + since.seconds * 1_000_000 + since.microseconds


def _of_odd_text(text: str) -> int:
    if _NUMBER.match(text):
        return _of_number(float(text) if "." in text else int(text))
    mended = _HALF_OFFSET.sub(r"\1:00", _LONG_FRACTION.sub(r"\1", text.replace(" UTC", "Z").replace(" +", "+").replace("z", "Z")))
    try:
        return _of_datetime(datetime.fromisoformat(mended))
    except ValueError:
        pass
    try:
        return _of_datetime(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        raise Refusal("bad_timestamp", f"the time is {kind_of(text)} that cannot be read") from None


def _of_number(value: float) -> int:
    """Which unit is meant is told by the size: seconds reach 1e11 in the year 5138, milliseconds in 1973."""
    size = abs(value)
    if not size < 1e20:
        raise Refusal("bad_timestamp", f"the time is {kind_of(value)} that cannot be read")
    if size < 1e11:
        return round(value * 1_000_000)
    if size < 1e14:
        return round(value * 1_000)
    return round(value) if size < 1e17 else round(value) // 1_000
