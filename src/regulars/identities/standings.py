"""Identities that join nobody: shared by several users, or seen with more others than one person has."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from regulars.identities.constraints import Constraints
    from regulars.identities.evidence import Instant, Rules, Sightings

SHARED, TOO_LARGE = "shared", "too_large"
_SHAREABLE = frozenset({"anonymous", "device", "phone"})


class Standing(NamedTuple):
    """Why an identity joins nobody, and the instant of the call that made it so."""

    code: str
    since: int


def standings(sightings: Sightings, constraints: Constraints, rules: Rules, outside: Container[str] = frozenset()) -> dict[str, Standing]:
    """The identities that join nobody; told from the set of pairs alone, whatever their order."""
    neighbours: dict[str, list[tuple[Instant, str]]] = defaultdict(list)
    for (left, right), instant in sightings.pairs.items():
        neighbours[left].append((instant, right))
        neighbours[right].append((instant, left))
    found = {
        identity: standing_of(identity, seen, sightings, constraints, rules)
        for identity, seen in neighbours.items()
        if identity not in outside
    }
    return {identity: standing for identity, standing in found.items() if standing}


def standing_of(
    identity: str, seen: list[tuple[Instant, str]], sightings: Sightings, constraints: Constraints, rules: Rules
) -> Standing | None:
    if len(seen) < 2:
        return None
    firsts = sightings.firsts
    kind = firsts[identity].kind
    limit = rules.limit(kind)
    anonymous = [instant for instant, other in seen if firsts[other].kind == "anonymous"] if len(seen) > limit.anonymous else []
    over = [*_over((instant for instant, _ in seen), limit.identities), *_over(anonymous, limit.anonymous)]
    if over:
        return Standing(TOO_LARGE, min(over))
    if kind in _SHAREABLE:
        users: dict[str, int] = {}
        for instant, other in seen:
            if firsts[other].kind == "user":
                one = constraints.class_of(other)
                users[one] = min(instant[0], users.get(one, instant[0]))
        if len(users) > 1:
            return Standing(SHARED, sorted(users.values())[1])
    return None


def _over(instants: Iterable[Instant], limit: int) -> list[int]:
    """The instant at which there were more than `limit`, as a list of one; empty where there never were."""
    ordered = sorted(instants)
    return [ordered[limit][0]] if len(ordered) > limit else []
