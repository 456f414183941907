"""Words for what stands in a timeline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language, gettext_lazy as _

from regulars_server.console.company import company
from regulars_server.console.templatetags.shown import amount, language

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import tzinfo

    from regulars.reports.language import Language

GROUPS = {
    "orders": _("Orders"),
    "events": _("Events"),
    "subscriptions": _("Subscriptions"),
    "messages": _("Messages"),
    "responses": _("Answers"),
    "tickets": _("Support"),
    "points": _("Points"),
    "profile": _("Profile"),
}
"""By what a timeline can be filtered."""
_GROUP = {"order_lines": "orders", "customers": "profile", "assignments": "profile"}

TITLES = {
    ("orders", "purchase"): _("Order"),
    ("orders", "refund"): _("Refund"),
    ("orders", "cancellation"): _("Order cancelled"),
    ("orders", "adjustment"): _("Adjustment"),
    ("subscriptions", "start"): _("Subscription started"),
    ("subscriptions", "renew"): _("Subscription renewed"),
    ("subscriptions", "upgrade"): _("Subscription upgraded"),
    ("subscriptions", "downgrade"): _("Subscription downgraded"),
    ("subscriptions", "pause"): _("Subscription paused"),
    ("subscriptions", "resume"): _("Subscription resumed"),
    ("subscriptions", "cancel"): _("Subscription cancelled"),
    ("messages", "queued"): _("Message queued"),
    ("messages", "withheld"): _("Message withheld"),
    ("messages", "sent"): _("Message sent"),
    ("messages", "delivered"): _("Message delivered"),
    ("messages", "opened"): _("Message opened"),
    ("messages", "clicked"): _("Message clicked"),
    ("messages", "bounced"): _("Message bounced"),
    ("messages", "unsubscribed"): _("Unsubscribed"),
    ("messages", "complained"): _("Complained about a message"),
    ("responses", "invited"): _("Asked in a survey"),
    ("responses", "started"): _("Survey begun"),
    ("responses", "answered"): _("Survey answered"),
    ("responses", "finished"): _("Survey finished"),
    ("tickets", "opened"): _("Support case opened"),
    ("tickets", "replied"): _("Support replied"),
    ("tickets", "resolved"): _("Support case resolved"),
    ("tickets", "closed"): _("Support case closed"),
    ("tickets", "reopened"): _("Support case reopened"),
    ("tickets", "rated"): _("Support case rated"),
    ("points", "earn"): _("Points earned"),
    ("points", "redeem"): _("Points redeemed"),
    ("points", "expire"): _("Points expired"),
    ("points", "adjust"): _("Points adjusted"),
    ("points", "reverse"): _("Points taken back"),
    ("customers", "profile"): _("Profile data"),
}
NAMES = {
    "order_id": _("Number"),
    "channel": _("Channel"),
    "campaign": _("Campaign"),
    "country": _("Country"),
    "discount_minor": _("Discount"),
    "tax_minor": _("Tax"),
    "shipping_minor": _("Shipping"),
    "plan": _("Plan"),
    "term_end": _("Term ends"),
    "effective_at": _("Effective"),
    "mrr_before_minor": _("Before"),
    "seats": _("Seats"),
    "reason": _("Reason"),
    "question": _("Question"),
    "measure": _("Measure"),
    "score": _("Score"),
    "text": _("Text"),
    "points": _("Points"),
    "expires_at": _("Expires"),
    "priority": _("Priority"),
    "topic": _("Topic"),
    "handled_by": _("Handled by"),
    "name": _("Name"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "acquisition_channel": _("Came by"),
    "stage": _("Stage"),
    "product_id": _("Product"),
    "arm": _("Arm"),
}
"""Names of the values that are shown; others stand by their own name."""
_LEFT_OUT = {
    "linked",
    "message_id",
    "subscription_id",
    "response_id",
    "survey_id",
    "ticket_id",
    "scale_min",
    "scale_max",
    "machine",
    "context",
    "involuntary",
}
_MOST = 8
_LONGEST = 200
_KEPT = 500
"""Words that are looked up once; a page asks for the same ones again and again."""


@dataclass(frozen=True, slots=True)
class Speech:
    """A reader's language, its notation and the company's time zone: asked for once, for a page has hundreds of words, numbers and instants."""

    code: str | None
    words: Language
    zone: tzinfo


def group_of(table: str) -> str:
    """The group of a table's entries."""
    return _GROUP.get(table, table)


def tables_of(group: str) -> tuple[str, ...]:
    """The tables whose entries are in a group."""
    return (group, *(table for table, its_group in _GROUP.items() if its_group == group))


def speech() -> Speech:
    """How to speak to the reader of this moment."""
    return Speech(get_language(), language(), company().zone)


def title_of(table: str, kind: str, how: Speech) -> str:
    """What happened; an event by its own name."""
    return _title(table, kind, how.code)


@lru_cache(maxsize=_KEPT)
def _title(table: str, kind: str, language: str | None) -> str:
    del language  # one answer for each
    return str(TITLES.get((table, kind)) or kind.replace("_", " "))


@lru_cache(maxsize=_KEPT)
def _name(name: str, language: str | None) -> str:
    del language
    return str(NAMES.get(name, name.replace("_", " ")))


def detail_of(detail: Mapping[str, Any], currency: str | None, how: Speech) -> list[tuple[str, str]]:
    """Names and values of what is known besides, at most eight."""
    found: list[tuple[str, str]] = []
    told: set[str] = set()
    for name, value in _flat(detail):
        if name in _LEFT_OUT or name in told or value in (None, "", False, 0, [], {}):
            continue
        told.add(name)
        found.append((_name(name, how.code), _shown(name, value, currency, how.words)))
        if len(found) == _MOST:
            break
    return found


def _flat(detail: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in detail.items():
        if name in {"properties", "traits"} and isinstance(value, dict):
            yield from value.items()
        else:
            yield name, value


def _shown(name: str, value: Any, currency: str | None, words: Language) -> str:
    if name.endswith("_minor") and isinstance(value, int):
        return amount(value, currency)
    if isinstance(value, bool):
        return "✓"
    if isinstance(value, int | float):
        whole = float(value).is_integer()
        return words.number(value, 0 if whole else 2)
    if isinstance(value, list):
        return f"{len(value)} ×" if value and isinstance(value[0], dict) else ", ".join(map(str, value))[:_LONGEST]
    if isinstance(value, dict):
        return ", ".join(f"{key}: {one}" for key, one in value.items() if not isinstance(one, dict | list))[:_LONGEST]
    return str(value)[:_LONGEST]
