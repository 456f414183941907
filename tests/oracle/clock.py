"""Local days, weekdays and hours of an instant, by zoneinfo alone. A day is the number of days since 1970-01-01."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EPOCH = date(1970, 1, 1)


def number(day):
    return (day - EPOCH).days


def date_of(day):
    return EPOCH + timedelta(days=day)


def month_name(day):
    return date_of(day).strftime("%Y-%m")


class Clock:
    """Company time."""

    def __init__(self, zone):
        self.zone = ZoneInfo(zone)
        self._seen = {}

    def local(self, instant):
        """The wall clock at an instant (naive instants are UTC), without zone."""
        known = self._seen.get(instant)
        if known is None:
            aware = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
            known = self._seen[instant] = aware.astimezone(self.zone).replace(tzinfo=None)
        return known

    def day(self, instant):
        return number(self.local(instant).date())

    def hour(self, instant):
        return self.local(instant).hour

    def boundary(self, instant):
        """The first day that does not begin before the instant."""
        wall = self.local(instant)
        return number(wall.date()) + (wall.time() > time())

    def midnight(self, day):
        """The instant (naive UTC) at which a day begins."""
        return datetime.combine(date_of(day), time(), self.zone).astimezone(UTC).replace(tzinfo=None)
