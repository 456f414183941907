"""Suggestions: what looks like one person and is not joined by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from regulars.identities.identifiers import rank
from regulars.identities.joining import TOO_MANY
from regulars.identities.standings import TOO_LARGE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regulars.identities.constraints import Constraints
    from regulars.identities.evidence import Sightings
    from regulars.identities.graph import Graph
    from regulars.identities.joining import Refusal

_NAMED_AT_MOST = 10


class Suggestion(NamedTuple):
    """`code` is same_email, same_phone, same_<kind>, two_users (one call named two) or too_large; `rests_on` the identity it comes from.

    `customers` are those who look like one (at most ten); none where an identity is too large to say who.
    """

    code: str
    rests_on: str
    customers: tuple[str, ...]


def suggest(graph: Graph, sightings: Sightings, constraints: Constraints, refusals: Iterable[Refusal]) -> list[Suggestion]:
    """What a person should look at, without what one dismissed or kept apart already."""
    found = {_of_refusal(graph, sightings, refusal) for refusal in refusals}
    shared: dict[str, list[str]] = {}
    for identity, standing in graph.standings.items():
        kind = sightings.firsts[identity].kind if identity in sightings.firsts else ""
        if standing.code == TOO_LARGE:
            found.add(Suggestion(TOO_LARGE, identity, ()))
        elif kind == "phone":
            shared[identity] = []
    for left, right in sightings.pairs if shared else ():
        for phone, other in ((left, right), (right, left)):
            if phone in shared and sightings.firsts[other].kind == "user":
                shared[phone].append(graph.customer_of(other))
    found |= {Suggestion("same_phone", phone, tuple(sorted(set(users))[:_NAMED_AT_MOST])) for phone, users in shared.items()}
    return sorted(one for one in found if _is_wanted(graph, constraints, one))


def _of_refusal(graph: Graph, sightings: Sightings, refusal: Refusal) -> Suggestion:
    left, right = sorted((refusal.left, refusal.right), key=lambda one: (rank(sightings.firsts[one].kind), sightings.firsts[one].kind, one))
    customers = tuple(sorted({graph.customer_of(left), graph.customer_of(right)}))
    if refusal.reason == TOO_MANY:
        return Suggestion(TOO_LARGE, left, customers)
    kind = sightings.firsts[right].kind
    if kind == "user":
        return Suggestion("two_users", left, customers)
    # Of two that are no user ids the narrower one is what they have in common.
    common = right if sightings.firsts[left].kind == "user" else left
    return Suggestion(f"same_{sightings.firsts[common].kind}", common, customers)


def _is_wanted(graph: Graph, constraints: Constraints, suggestion: Suggestion) -> bool:
    if suggestion.code != TOO_LARGE and len(suggestion.customers) < 2:
        return False
    members = [graph.members.get(customer, [customer]) for customer in suggestion.customers]
    if len(members) == 2 and constraints.are_apart(*members):
        return False
    for code, rests_on, named in constraints.dismissed:
        if (code, rests_on) == (suggestion.code, suggestion.rests_on):
            known = {graph.customer_of(identity) for identity in named} | set(named)
            if set(suggestion.customers) <= known:
                return False
    return True
