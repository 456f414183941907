"""Half-open periods in company time: local days, calendar windows, fiscal years.

A local day is counted as the number of days since 1970-01-01 in the company's time zone. Instants are aware datetimes in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from regulars.errors import ArgumentRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = date(1970, 1, 1)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Grain(StrEnum):
    """The regular windows."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The local days from `start` up to but not including `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ArgumentRefused(
                f"A window from {self.start} to {self.end} is empty.",
                expected="an end after the start; the end day itself is not part of the window",
                remedy="Give a later --to, or an earlier --from.",
            )

    @property
    def days(self) -> int:
        """Length in days."""
        return (self.end - self.start).days


def day_number(day: date) -> int:
    """Days since 1970-01-01.

    >>> day_number(date(1970, 1, 2))
    1
    """
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """The date of a day number.

    >>> day_of(1)
    datetime.date(1970, 1, 2)
    """
    return EPOCH + timedelta(days=number)


def start_of(day: date, zone: str) -> datetime:
    """The instant at which `day` begins in `zone`.

    >>> start_of(date(2024, 7, 1), "Europe/Berlin").isoformat()
    '2024-06-30T22:00:00+00:00'
    """
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def local_day(instant: datetime, zone: str) -> date:
    """The calendar day of `instant` in `zone`."""
    return instant.astimezone(ZoneInfo(zone)).date()


def day(given: date | str | None) -> date | None:
    """A date from a date or its ISO text; None stays None.

    >>> day("2024-02-29")
    datetime.date(2024, 2, 29)
    """
    if given is None or isinstance(given, date):
        return given
    try:
        return date.fromisoformat(given)
    except ValueError as fault:
        raise ArgumentRefused(
            f"'{given}' is not a date.", expected="a date such as 2024-02-29", remedy="Write the date as YYYY-MM-DD."
        ) from fault


def moment(given: datetime | date | str | None) -> datetime | date | None:
    """An instant or a date from either or its ISO text; an instant without a zone is UTC.

    >>> moment("2024-02-29T12:00+01:00")
    datetime.datetime(2024, 2, 29, 11, 0, tzinfo=datetime.timezone.utc)
    """
    if isinstance(given, str):
        if len(given) <= len("2024-02-29"):
            return day(given)
        try:
            given = datetime.fromisoformat(given)
        except ValueError as fault:
            raise ArgumentRefused(
                f"'{given}' is not an instant.",
                expected="a date or an instant such as 2024-02-29T12:00:00+01:00",
                remedy="Write it in ISO 8601.",
            ) from fault
    if isinstance(given, datetime):
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    return given


def months_after(day: date, months: int) -> date:
    """The first day of the month that lies `months` after the month of `day`.

    >>> months_after(date(2024, 11, 30), 2)
    datetime.date(2025, 1, 1)
    """
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def window_around(day: date, grain: Grain, *, fiscal_year_starts_in: int = 1, week_starts_on: str = "monday") -> Window:
    """The regular window that holds `day`.

    >>> window_around(date(2024, 5, 15), Grain.QUARTER, fiscal_year_starts_in=2)
    Window(start=datetime.date(2024, 5, 1), end=datetime.date(2024, 8, 1))
    """
    if grain is Grain.DAY:
        return Window(day, day + timedelta(days=1))
    if grain is Grain.WEEK:
        first = day - timedelta(days=(day.weekday() - WEEKDAYS.index(week_starts_on)) % 7)
        return Window(first, first + timedelta(days=7))
    length = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[grain]
    start = months_after(day, -((day.month - fiscal_year_starts_in) % length))
    return Window(start, months_after(start, length))


def regular_windows(whole: Window, grain: Grain, *, fiscal_year_starts_in: int = 1, week_starts_on: str = "monday") -> Iterator[Window]:
    """The regular windows that touch `whole`, in order."""
    window = window_around(whole.start, grain, fiscal_year_starts_in=fiscal_year_starts_in, week_starts_on=week_starts_on)
    while window.start < whole.end:
        yield window
        window = window_around(window.end, grain, fiscal_year_starts_in=fiscal_year_starts_in, week_starts_on=week_starts_on)


@dataclass(frozen=True, slots=True)
class UtcDay:
    """One UTC day and the zone's offset in it: `offset_before` seconds until `switch_second`, `offset_after` from then on."""

    day: date
    offset_before: int
    switch_second: int
    offset_after: int


NO_SWITCH = 86_400


def utc_days(first: date, last: date, zone: str) -> Iterator[UtcDay]:
    """Every UTC day from `first` to `last` with the offset of `zone`; a change of the offset is found to the second.

    >>> [d.switch_second for d in utc_days(date(2024, 3, 31), date(2024, 4, 1), "Europe/Berlin")]
    [3600, 86400]
    """
    info = ZoneInfo(zone)

    def offset(instant: datetime) -> int:
        shift = instant.astimezone(info).utcoffset()
        return int(shift.total_seconds()) if shift is not None else 0

    day = first
    before = offset(datetime.combine(day, time(), UTC))
    while day <= last:
        midnight = datetime.combine(day, time(), UTC)
        after = offset(midnight + timedelta(days=1))
        if before == after:
            yield UtcDay(day, before, NO_SWITCH, after)
        else:
            low, high = 0, NO_SWITCH
            while high - low > 1:
                middle = (low + high) // 2
                if offset(midnight + timedelta(seconds=middle)) == before:
                    low = middle
                else:
                    high = middle
            yield UtcDay(day, before, high, after)
        day += timedelta(days=1)
        before = after
