"""Which identities a call names: its ids, and the e-mail addresses and phone numbers that are its person's own."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from regulars.identities.identifiers import Identifier, identify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.tracking.calls import Call

OWN_ADDRESS = (
    "Order ", "Checkout ", "Payment Info ", "Email ", "Unsubscribed", "Survey ", "Ticket ", "Live Chat ", "Subscription ", "Trial ", "Signed ",
)  # fmt: skip
"""Beginnings of the event names whose `email` and `phone` are those of the person who did it; an invitation's are somebody else's."""

_known = lru_cache(maxsize=50_000)(identify)


def identifiers(call: Call) -> tuple[Identifier, ...]:
    """The identities that the call names, from the surest to the least sure, each once; blocked and unusable ones are left out.

    For an alias call the previous id is the second.
    """
    context = call.context
    found: list[Identifier | None] = []
    if call.user_id is not None:
        found.append(_known("user", call.user_id))
    if call.kind == "alias" and call.previous_id is not None:
        found.append(_known("anonymous", call.previous_id))
    if "externalIds" in context:
        found += _external(context["externalIds"])
    if call.traits and call.kind != "group":
        found += _contacts(call.traits, context)
    said = context.get("traits")
    if said.__class__ is dict:
        found += _contacts(said, context)
    properties = call.properties
    if ("email" in properties or "phone" in properties) and call.name is not None and call.name.startswith(OWN_ADDRESS):
        found += _contacts(properties, context)
    device = context.get("device")
    if device.__class__ is dict and "id" in device:
        found.append(_text_of("device", device["id"]))
    if call.anonymous_id is not None:
        found.append(_known("anonymous", call.anonymous_id))
    if len(found) == 1:
        return () if found[0] is None else (found[0],)
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _contacts(said: Mapping[str, Any], context: Mapping[str, Any]) -> list[Identifier | None]:
    found = []
    if "email" in said:
        found.append(_text_of("email", said["email"]))
    if "phone" in said:
        found.append(_text_of("phone", said["phone"], region=_region(said, context)))
    return found


def _external(ids: Any) -> list[Identifier | None]:
    if not isinstance(ids, list):
        return []
    return [
        _text_of(one["type"], one["id"]) for one in ids[:20] if isinstance(one, dict) and isinstance(one.get("type"), str) and "id" in one
    ]


def _text_of(kind: str, value: Any, *, region: str | None = None) -> Identifier | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value or len(value) > 512:
        return None
    return _known(kind, value, region=region) if region else _known(kind, value)


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
