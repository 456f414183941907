"""One customer, put together: who they are, how they are, and what is to be known before a conversation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.utils.translation import get_language, gettext as _

from regulars_server.console.customer.identity_words import kind_of
from regulars_server.profiles import public as profiles
from regulars_server.serving import public as serving
from regulars_server.shared.public import reference_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from regulars_server.profiles.public import Evidence, Profile, Suggested

_FETCHED = 500
_MOST_FETCHES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """What is known of one customer. `facts` is what the serving file says; None before it knows them."""

    profile: Profile
    facts: dict[str, Any] | None
    name: str
    contacts: list[tuple[str, str]]
    """Kind and value of every way to reach them."""
    reasons: list[str]
    """Why the light is as it is."""

    @property
    def identities(self) -> tuple[str, ...]:
        """All identities, as rows carry them."""
        return self.profile.identity_ids or (self.profile.customer_id,)

    @property
    def last_day(self) -> datetime | None:
        """An instant of the last day that the numbers hold."""
        return self.facts["as_of"] - timedelta(seconds=1) if self.facts else None

    @property
    def reference(self) -> str:
        """What stands in the address."""
        return self.profile.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whose rows are to be shown, without anything else about them."""

    reference: str
    identities: tuple[str, ...]
    """All identities, as rows carry them."""


def whose(reference: str) -> Whose | None:
    """To whom a reference leads, for who needs no more than the rows."""
    customer_id = profiles.customer_by_reference(reference) or serving.customer_id_of(reference)
    if customer_id is None:
        return None
    return Whose(reference=reference_of(customer_id), identities=tuple(profiles.identities_of(customer_id)))


def found(reference: str) -> Customer | None:
    """The customer that a reference leads to."""
    profile = profiles.profile(reference)
    if profile is None:
        customer_id = serving.customer_id_of(reference)
        if customer_id is None:
            return None
        profile = profiles.profile_of(customer_id)
    facts = serving.customer(profile.customer_id)
    currency = facts["currency"] if facts else None
    return Customer(
        profile=profile,
        facts=facts,
        name=str(profile.name or (facts and facts["name"]) or profile.customer_id),
        contacts=_contacts(profile, facts),
        reasons=[serving.reason(kept, currency, get_language()) for kept in facts["reasons"]] if facts else [],
    )


def _contacts(profile: Profile, facts: dict[str, Any] | None) -> list[tuple[str, str]]:
    ways = [(one.kind, one.identity) for one in profile.identities if one.kind in {"email", "phone"}]
    ways += [(trait.name, str(trait.value)) for trait in profile.traits if trait.name in {"email", "phone"} and trait.value]
    ways += [(kind, facts[kind]) for kind in ("email", "phone") if facts and facts[kind]]
    seen: dict[str, tuple[str, str]] = {}
    for kind, value in ways:
        seen.setdefault(value.casefold(), (kind, value))
    return sorted(seen.values())


def identities(profile: Profile) -> list[dict[str, Any]]:
    """The identities with the chain of calls and decisions that leads from each to the customer."""
    steps = {one.identity: one.evidence for one in profile.identities}
    return [
        {
            "identity": one.identity,
            "kind": kind_of(one.kind),
            "first_at": one.first_at,
            "standing": one.standing,
            "chain": [_step(step) for step in _chain(one.identity, steps)],
            "token": reference_of(one.identity),
            "is_customer": one.identity == profile.customer_id,
        }
        for one in profile.identities
    ]


def _chain(identity: str, steps: dict[str, Evidence | None]) -> list[Evidence]:
    chain: list[Evidence] = []
    seen: set[str] = set()
    while (step := steps.get(identity)) is not None and identity not in seen:
        seen.add(identity)
        chain.append(step)
        identity = step.right if step.left == identity else step.left
    return chain


def _step(step: Evidence) -> dict[str, Any]:
    return {
        "left": step.left,
        "right": step.right,
        "at": step.occurred_at,
        "by_hand": step.by_hand,
        "source": actor_name(step.source) if step.by_hand else step.source,
        "message": step.evidence,
    }


def traits(profile: Profile) -> list[dict[str, Any]]:
    """Traits with their source and time, values as text."""
    return [{"name": one.name, "value": _text(one.value), "source": one.source, "at": one.occurred_at} for one in profile.traits]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def notes(profile: Profile) -> list[dict[str, Any]]:
    """Notes with the names of those who wrote them."""
    return [{"text": one.text, "at": one.at, "who": actor_name(one.actor)} for one in profile.notes]


def actor_name(actor: str) -> str:
    """A member of the team by name, where the actor is one."""
    kind, _space, number = actor.partition(" ")
    if kind != "user" or not number.isdigit():
        return actor
    member = get_user_model().objects.filter(pk=int(number)).first()
    return (member.name or member.email) if member else actor


def balance(identities: Sequence[str]) -> int | None:
    """The sum of all points, which is a debt where it is below zero; None where there never were any."""
    total, any_points, before = 0, False, None
    for _round in range(_MOST_FETCHES):
        some = serving.timeline(identities, before, _FETCHED, tables=("points",))
        total, any_points = total + sum(int(entry.detail.get("points") or 0) for entry in some), any_points or bool(some)
        if len(some) < _FETCHED:
            break
        before = some[-1].cursor
    return total if any_points else None


def suggested(profile: Profile) -> list[dict[str, Any]]:
    """Suggestions that name this customer, with the others in them."""
    return with_names(profiles.suggestions(of={profile.customer_id, *profile.identity_ids}))


def with_names(suggestions: Sequence[Suggested]) -> list[dict[str, Any]]:
    """Suggestions with what the people in them are called."""
    names = names_of({customer for one in suggestions for customer in one.customers})
    return [
        {
            "suggestion": one,
            "people": [{"reference": r, "name": names[c], "id": c} for c, r in zip(one.customers, one.references, strict=True)],
        }
        for one in suggestions
    ]


def names_of(customers: Collection[str]) -> dict[str, str]:
    """What each of some customers is called, else their id."""
    known = {customer: (serving.customer(customer) or {}).get("name") for customer in customers}
    by_traits = profiles.names_of([customer for customer, name in known.items() if not name])
    return {customer: str(name or by_traits.get(customer, customer)) for customer, name in known.items()}


def name_of(customer_id: str) -> str:
    """What a customer is called, else their id."""
    return names_of([customer_id])[customer_id]


def counts(identities: Iterable[str]) -> dict[str, int]:
    """How many rows the serving file has of these identities, by table; it stops at 500."""
    found: dict[str, int] = {}
    for entry in serving.timeline(list(identities), None, _FETCHED):
        found[entry.table] = found.get(entry.table, 0) + 1
    return found
