"""Which identities a call names: its ids, and the e-mail addresses and phone numbers that are its person's own."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from regulars.identities.identifiers import BLOCKED, identify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.identities.identifiers import Blocked, Identifier
    from regulars.tracking.calls import Call

OWN_ADDRESS = (
    "Order ", "Checkout ", "Payment Info ", "Email ", "Unsubscribed", "Survey ", "Ticket ", "Live Chat ", "Subscription ", "Trial ", "Signed ",
)  # fmt: skip
"""Beginnings of the event names whose `email` and `phone` are those of the person who did it; an invitation's are somebody else's."""

_EXTERNAL = re.compile(r"[a-z][a-z0-9_.]{0,39}")
_OWN_KINDS = frozenset({"user", "user_id", "anonymous", "anonymous_id", "anon", "email", "phone", "device", "file"})


def identifiers(call: Call, *, blocked: Blocked = BLOCKED) -> tuple[Identifier, ...]:
    """The identities that the call names, from the surest to the least sure, each once; blocked and unusable ones are left out.

    For an alias call the previous id is the second, as an anonymous one.
    """
    context, properties = call.context, call.properties
    is_own = ("email" in properties or "phone" in properties) and call.name is not None and call.name.startswith(OWN_ADDRESS)
    if not (is_own or call.traits or call.kind == "alias" or "traits" in context or "device" in context or "externalIds" in context):
        return _by_ids(call.user_id, call.anonymous_id, blocked)
    found: list[Identifier | None] = []
    if call.user_id is not None:
        found.append(identify("user", call.user_id, blocked=blocked))
    if call.kind == "alias" and call.previous_id is not None:
        found.append(identify("anonymous", call.previous_id, blocked=blocked))
    if "externalIds" in context:
        found += _external(context["externalIds"], blocked)
    if call.traits and call.kind != "group":
        found += _contacts(call.traits, context, blocked)
    said = context.get("traits")
    if said.__class__ is dict:
        found += _contacts(said, context, blocked)
    if is_own:
        found += _contacts(properties, context, blocked)
    device = context.get("device")
    if device.__class__ is dict and "id" in device:
        found.append(identify("device", device["id"], blocked=blocked))
    if call.anonymous_id is not None:
        found.append(identify("anonymous", call.anonymous_id, blocked=blocked))
    return _each_once(found)


@lru_cache(maxsize=16_384)
def _by_ids(user_id: str | None, anonymous_id: str | None, blocked: Blocked) -> tuple[Identifier, ...]:
    """Those of a call that names nobody but by these, which most do."""
    named = (("user", user_id), ("anonymous", anonymous_id))
    return _each_once([identify(kind, value, blocked=blocked) for kind, value in named if value is not None])


def _each_once(found: Sequence[Identifier | None]) -> tuple[Identifier, ...]:
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _contacts(said: Mapping[str, Any], context: Mapping[str, Any], blocked: Blocked) -> list[Identifier | None]:
    found = []
    if "email" in said:
        found.append(identify("email", said["email"], blocked=blocked))
    if "phone" in said:
        found.append(identify("phone", said["phone"], region=_region(said, context), blocked=blocked))
    return found


def _external(ids: Any, blocked: Blocked) -> list[Identifier | None]:
    """Ids of other systems; those are theirs alone, and no other kind of identity can be claimed this way."""
    if not isinstance(ids, list):
        return []
    named = [one for one in ids[:20] if isinstance(one, dict) and isinstance(one.get("type"), str) and "id" in one]
    return [
        identify(kind, one["id"], blocked=blocked)
        for one in named
        if _EXTERNAL.fullmatch(kind := one["type"].strip().lower()) and kind not in _OWN_KINDS
    ]


def _region(said: Mapping[str, Any], context: Mapping[str, Any]) -> str | None:
    """The country whose way of writing phone numbers is meant, where somebody says so."""
    address = said.get("address")
    locale = context.get("locale")
    for country in (
        said.get("country_code"),
        said.get("country"),
        address.get("country") if isinstance(address, dict) else None,
        locale[3:5] if isinstance(locale, str) and len(locale) == 5 else None,
    ):
        if isinstance(country, str) and len(country) == 2 and country.isascii() and country.isalpha():
            return country.upper()
    return None
