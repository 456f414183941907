"""Reading who is who: a person's profile, why its identities are one person, search."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models.functions import Collate

from regulars.identities.identifiers import identify
from regulars_server.profiles import models
from regulars_server.profiles.bulk import rows_among
from regulars_server.profiles.contracts import (
    NAMES,
    Evidence,
    Found,
    Profile,
    ProfileAccount,
    ProfileIdentity,
    ProfileNote,
    ProfileTrait,
)
from regulars_server.profiles.sayings import folded
from regulars_server.shared.public import reference_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_AT_ONCE = 500


def customer_of(identity: str) -> str:
    """The customer of an identity; one that is not known is its own."""
    return models.Identity.objects.filter(identity=identity).values_list("customer_id", flat=True).first() or identity


def customers_of(identities: Collection[str]) -> dict[str, str]:
    """The customer of each of some identities; one that is not known is its own."""
    found = {identity: identity for identity in identities}
    for start in range(0, len(names := list(found)), _AT_ONCE):
        rows = models.Identity.objects.filter(identity__in=names[start : start + _AT_ONCE])
        found.update(rows.values_list("identity", "customer_id"))
    return found


def identities_of(customer_id: str) -> list[str]:
    """All identities of a customer, as rows carry them; the customer id is among them."""
    found = set(models.Identity.objects.filter(customer_id=customer_id).values_list("identity", flat=True))
    return sorted(found | {customer_id})


def members_of(accounts: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The identities that were seen in each of these accounts, the earliest first."""
    found: dict[str, list[tuple[int, str]]] = {}
    for identity, account, at in rows_among("profiles_membership", "identity, account_id, first_at", "account_id", accounts):
        found.setdefault(account, []).append((at, identity))
    return {account: tuple(identity for _, identity in sorted(members)) for account, members in found.items()}


def customer_by_reference(reference: str) -> str | None:
    """The customer whom a reference leads to; one of a customer who was merged since leads to whom they are now."""
    return models.Identity.objects.filter(reference=reference).values_list("customer_id", flat=True).first()


def profile(reference: str) -> Profile | None:
    """The person whom a reference leads to."""
    customer_id = customer_by_reference(reference)
    return None if customer_id is None else profile_of(customer_id)


def profile_of(customer_id: str) -> Profile:
    """The person under a customer id; who is not known has no identities but this one."""
    found = models.Identity.objects.filter(customer_id=customer_id)
    rows = sorted(found, key=lambda row: (row.first_at, row.first_message, row.identity))
    names = [row.identity for row in rows] or [customer_id]
    steps = _steps([row for row in rows if row.via])
    return Profile(
        customer_id=customer_id,
        reference=reference_of(customer_id),
        identities=tuple(
            ProfileIdentity(row.identity, row.kind, row.first_at, row.since, steps.get(row.identity), row.standing) for row in rows
        ),
        traits=tuple(_traits(names)),
        accounts=tuple(_accounts(names)),
        notes=tuple(notes(names)),
    )


def names_of(customers: Collection[str]) -> dict[str, str]:
    """What traits call each of some customers; who has no such trait is not in it. A few queries, however many they are."""
    members = {customer: customer for customer in customers}
    members |= dict(rows_among("profiles_identity", "identity, customer_id", "customer_id", customers))
    said: dict[str, list[models.Trait]] = {}
    for start in range(0, len(identities := list(members)), _AT_ONCE):
        for row in models.Trait.objects.filter(identity__in=identities[start : start + _AT_ONCE], name__in=NAMES):
            said.setdefault(members[row.identity], []).append(row)
    named = {customer: Profile(customer, "", (), tuple(_newest(rows)), (), ()).name for customer, rows in said.items()}
    return {customer: name for customer, name in named.items() if name}


def why(left: str, right: str) -> list[Evidence]:
    """Why two identities are one person: the chain of calls and decisions between them; empty where they are not one."""
    customer_id = customer_of(left)
    if left == right or customer_of(right) != customer_id:
        return []
    rows = [row for row in models.Identity.objects.filter(customer_id=customer_id) if row.via]
    ends: dict[str, list[Evidence]] = {}
    for step in _steps(rows).values():
        ends.setdefault(step.left, []).append(step)
        ends.setdefault(step.right, []).append(step)
    came: dict[str, Evidence | None] = {left: None}
    queue = deque([left])
    while queue and right not in came:
        here = queue.popleft()
        for step in ends.get(here, ()):
            there = step.right if step.left == here else step.left
            if there not in came:
                came[there] = step
                queue.append(there)
    chain: list[Evidence] = []
    here = right
    while (step := came.get(here)) is not None:
        chain.append(step)
        here = step.right if step.left == here else step.left
    return chain[::-1]


def notes(identities: Iterable[str]) -> list[ProfileNote]:
    """The notes on a person, by all identities of the person; the newest first."""
    found = models.Note.objects.filter(identity__in=list(identities)[:_AT_ONCE]).order_by("-at", "-id")
    return [ProfileNote(row.pk, row.text, row.actor, row.at) for row in found]


def find(text: str, limit: int = 20, *, region: str | None = None) -> list[Found]:
    """Who is meant by a text: an id, an e-mail address, a telephone number, or the beginning of a name."""
    text = text.strip()
    if not text or "\0" in text:
        return []
    exact = {text, f"anon:{text}", f"device:{text}", f"shopify:{text}"}
    exact |= {one.identity for kind in ("email", "phone") if (one := identify(kind, text, region=region))}
    matched = dict(models.Identity.objects.filter(identity__in=exact).values_list("identity", "customer_id"))
    found = {customer: identity for identity, customer in sorted(matched.items(), reverse=True)}
    if len(text) > 1 and len(found) < limit:
        for identity, value in _named(folded(text), limit):
            found.setdefault(customer_of(identity), str(value))
    return [Found(customer, reference_of(customer), by) for customer, by in list(found.items())[:limit]]


def _named(start: str, limit: int) -> Iterable[tuple[str, Any]]:
    # A range uses the index on SQLite; PostgreSQL has one for LIKE, whatever the collation.
    postgres = connection.vendor == "postgresql"
    if postgres:
        found = models.Trait.objects.filter(search__startswith=start)
    else:
        found = models.Trait.objects.filter(search__gte=start, search__lt=start + "\U0010ffff")
    # By code point: a database may have another order, and whom the limit leaves out would hang on it.
    return found.order_by(*(Collate(name, "C") for name in ("search", "identity")) if postgres else ("search", "identity")).values_list(
        "identity", "value"
    )[:limit]


def _steps(rows: Collection[models.Identity]) -> dict[str, Evidence]:
    """The step that joined each of these identities, with its source or who decided."""
    pairs = {tuple(sorted((row.identity, row.via))) for row in rows if not row.by_hand}
    lefts = sorted({left for left, _ in pairs})
    sources: dict[tuple[str, ...], str] = {}
    for start in range(0, len(lefts), _AT_ONCE):
        known = models.Link.objects.filter(left__in=lefts[start : start + _AT_ONCE]).values_list("left", "right", "source")
        sources |= {(left, right): source for left, right, source in known if (left, right) in pairs}
    decided = [row.evidence for row in rows if row.by_hand]
    actors = dict(models.Decision.objects.filter(decision_id__in=decided).values_list("decision_id", "actor"))
    return {row.identity: _step(row, sources, actors) for row in rows}


def _step(row: models.Identity, sources: dict[tuple[str, ...], str], actors: dict[str, str]) -> Evidence:
    pair = tuple(sorted((row.identity, row.via)))
    source = actors.get(row.evidence, "") if row.by_hand else sources.get(pair, "")
    return Evidence(row.identity, row.via, row.evidence_at, row.evidence, row.by_hand, source)


def _traits(identities: list[str]) -> list[ProfileTrait]:
    found: list[models.Trait] = []
    for start in range(0, len(identities), _AT_ONCE):
        found += models.Trait.objects.filter(identity__in=identities[start : start + _AT_ONCE])
    return _newest(found)


def _newest(rows: Iterable[models.Trait]) -> list[ProfileTrait]:
    newest: dict[str, models.Trait] = {}
    for row in rows:
        known = newest.get(row.name)
        if known is None or (row.occurred_at, row.message_id, row.identity) > (known.occurred_at, known.message_id, known.identity):
            newest[row.name] = row
    return [ProfileTrait(name, row.value, row.source, row.occurred_at, row.identity) for name, row in sorted(newest.items())]


def _accounts(identities: list[str]) -> list[ProfileAccount]:
    found: dict[str, tuple[int, int]] = {}
    for start in range(0, len(identities), _AT_ONCE):
        for row in models.Membership.objects.filter(identity__in=identities[start : start + _AT_ONCE]):
            first, last = found.get(row.account_id, (row.first_at, row.last_at))
            found[row.account_id] = min(first, row.first_at), max(last, row.last_at)
    names = models.AccountTrait.objects.filter(account_id__in=list(found), name="name").values_list("account_id", "value")
    called = {account: name for account, name in names if isinstance(name, str)}
    return [ProfileAccount(account, called.get(account), *times) for account, times in sorted(found.items())]
