"""What identify and group calls say of people and companies: versions of customers and accounts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from regulars.tracking.amounts import text, whole
from regulars.tracking.rows import Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.tracking.calls import Call

_CUSTOMER = {
    "email", "phone", "name", "firstName", "first_name", "lastName", "last_name", "country", "stage", "lifecycle_stage",
    "acquisition_channel", "acquisition_campaign",
}  # fmt: skip
_ACCOUNT = {"name", "country", "industry", "plan", "seats", "employees_licensed", "owner", "acquisition_channel", "members"}
_encode = msgspec.json.Encoder().encode


def customer_parts(call: Call, *, newcomer: bool) -> list[Part]:
    """A version of the person with what this call says and nothing else; nothing where it says nothing.

    Readers take the latest value of each column, so that what a call leaves out blanks nothing. The campaign that brought a call counts as
    having brought the person only where it made the person known. Who has no user id and gives no address, number or name is nobody's customer.
    """
    traits = call.traits
    campaign = call.context.get("campaign")
    utm: Mapping[str, Any] = campaign if newcomer and isinstance(campaign, dict) else {}
    email = text(traits, "email")
    values = {
        "email": email.lower() if email else None,
        "phone": text(traits, "phone"),
        "name": text(traits, "name") or _joined(text(traits, "firstName", "first_name"), text(traits, "lastName", "last_name")),
        "country": country_of(traits),
        "acquisition_channel": text(traits, "acquisition_channel", "utm_source") or text(utm, "source"),
        "acquisition_campaign": text(traits, "acquisition_campaign", "utm_campaign") or text(utm, "name"),
        "stage": _stage(traits),
        "traits": _rest(traits, _CUSTOMER),
    }
    named = call.user_id is not None or values["email"] or values["phone"] or values["name"]
    if not named or not any(values.values()):
        return []
    part = Part("customer", call.message_id, call.occurred_at, call.occurred_at)
    part.add("customers", values)
    return [part]


def account_parts(call: Call, members: tuple[str, ...] | None) -> list[Part]:
    """A version of the company with what this call says. Members only as a whole list: a shorter one would take the others out."""
    traits = call.traits
    listed = traits.get("members")
    whole_list = list(members) if members is not None else listed if isinstance(listed, list) else None
    values = {
        "name": text(traits, "name"),
        "country": country_of(traits),
        "industry": text(traits, "industry"),
        "plan": text(traits, "plan"),
        "seats": whole(traits, "seats", "licenses"),
        "owner": text(traits, "owner", "account_owner", "csm"),
        "acquisition_channel": text(traits, "acquisition_channel", "utm_source"),
        "members": json.dumps([str(one) for one in whole_list], ensure_ascii=False) if whole_list is not None else None,
        "traits": _rest(traits, _ACCOUNT),
    }
    part = Part("account", call.message_id, call.occurred_at, call.occurred_at)
    part.add("accounts", values)
    return [part]


def country_of(said: Mapping[str, Any]) -> str | None:
    """The country, alone or in an address."""
    country = text(said, "country")
    for name in ("address", "shipping_address", "billing_address"):
        address = said.get(name)
        if country is None and isinstance(address, dict):
            country = text(address, "country")
    return country


def _stage(traits: Mapping[str, Any]) -> str | None:
    stage = text(traits, "stage", "lifecycle_stage")
    return stage.lower() if stage else None


def _joined(first: str | None, last: str | None) -> str | None:
    return " ".join(part for part in (first, last) if part) or None


def _rest(traits: Mapping[str, Any], known: set[str]) -> str | None:
    rest = {name: value for name, value in traits.items() if name not in known and value is not None}
    return _encode(rest).decode() if rest else None
