"""Numbers, money, days and instants as the reader's language writes them, in the company's time zone. The library's notation, as in the review."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django import template
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_lazy as _, ngettext

from regulars import money
from regulars.reports.german import GERMAN
from regulars.reports.language import Amount
from regulars.reports.words import ENGLISH
from regulars_server.console.company import company

if TYPE_CHECKING:
    from regulars.reports.language import Language

register = template.Library()
NOTHING = "–"
LIGHTS = {
    "green": _("green"),
    "amber": _("amber"),
    "red": _("red"),
    "new": _("new"),
    "lapsed": _("lapsed"),
    "unknown": _("unknown"),
}
MICROS = 1_000_000


def language() -> Language:
    """The library's catalogue of the reader's language."""
    return GERMAN if (get_language() or "").startswith("de") else ENGLISH


def at(value: datetime | float | str) -> datetime:
    """An instant in the company's time zone, from a datetime, microseconds since 1970 or ISO text."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif not isinstance(value, datetime):
        value = datetime.fromtimestamp(value / MICROS, UTC)
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(company().zone)


def _is_nothing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


@register.filter
def count(value: float | None) -> str:
    """A whole number."""
    return NOTHING if _is_nothing(value) else language().count(value)


@register.filter
def decimal(value: float | None, places: int = 1) -> str:
    """A number with decimals."""
    return NOTHING if _is_nothing(value) else language().number(value, places)


@register.filter
def percent(value: float | None) -> str:
    """A share."""
    return NOTHING if _is_nothing(value) else language().percent(value)


@register.filter
def amount(minor: float | None, currency: str | None = None) -> str:
    """Money from minor units."""
    if _is_nothing(minor):
        return NOTHING
    return language().amount(Amount(money.to_major(minor, currency or "XXX"), currency or None), "exact")


@register.filter
def rough_amount(minor: float | None, currency: str | None = None) -> str:
    """Money from minor units, without decimals from a thousand on."""
    if _is_nothing(minor):
        return NOTHING
    return language().amount(Amount(money.to_major(minor, currency or "XXX"), currency or None))


@register.filter
def day(value: date | datetime | float | str | None) -> str:
    """A date; of an instant the one in the company's time zone."""
    if _is_nothing(value):
        return NOTHING
    if isinstance(value, str) and len(value) == 10:
        value = date.fromisoformat(value)
    if isinstance(value, datetime) or not isinstance(value, date):
        value = at(value).date()
    return language().day(value)


@register.filter
def instant(value: datetime | float | str | None) -> str:
    """Date and time of day."""
    if _is_nothing(value):
        return NOTHING
    local = at(value)
    return f"{language().day(local.date())}, {local:%H:%M}"


@register.filter
def clock(value: datetime | float | str) -> str:
    """The time of day in hours and minutes."""
    return f"{at(value):%H:%M}"


@register.filter
def clock_seconds(value: datetime | float | str) -> str:
    """The time of day to the second."""
    return f"{at(value):%H:%M:%S}"


@register.filter
def iso(value: datetime | float | str) -> str:
    """The instant as machines read it, for `<time datetime>`."""
    return at(value).astimezone(UTC).isoformat(timespec="seconds")


@register.filter
def duration(seconds: float | None) -> str:
    """A span of time in its largest unit."""
    if _is_nothing(seconds):
        return NOTHING
    for size, said in ((86400, _days), (3600, _hours), (60, _minutes)):
        if seconds >= size:
            return said(round(seconds / size))
    return _seconds(round(seconds))


def _days(n: int) -> str:
    return ngettext("%(count)s day", "%(count)s days", n) % {"count": language().count(n)}


def _hours(n: int) -> str:
    return ngettext("%(count)s hour", "%(count)s hours", n) % {"count": language().count(n)}


def _minutes(n: int) -> str:
    return ngettext("%(count)s minute", "%(count)s minutes", n) % {"count": language().count(n)}


def _seconds(n: int) -> str:
    return ngettext("%(count)s second", "%(count)s seconds", n) % {"count": language().count(n)}


@register.simple_tag
def light(name: str | None, big: str = "") -> str:
    """A light: a mark of its own shape and the word."""
    known = name if name in LIGHTS else "unknown"
    return format_html('<span class="light light-{}{}">{}</span>', known, " light-big" if big else "", LIGHTS[known])
