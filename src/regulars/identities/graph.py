"""The identity graph: who is who, as a pure function of the calls, the decisions by hand, and the rules.

The order is that of (occurred_at, message_id), never that of arrival. docs/server/identities.md states the rules so that they can be
reckoned again by hand.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

from regulars.identities.constraints import Constraints
from regulars.identities.evidence import DEFAULT_RULES, Identification, Instant, Pair, Sightings, gather
from regulars.identities.identifiers import WEAK, rank
from regulars.identities.joining import Join, Refusal, Sets
from regulars.identities.spans import Span, lent, spans_of
from regulars.identities.standings import SHARED, TOO_LARGE, Standing, standings
from regulars.identities.suggesting import Suggestion, suggest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from regulars.identities.evidence import Decision, Link, Rules

__all__ = ["SHARED", "TOO_LARGE", "Graph", "Join", "Place", "Refusal", "Span", "Standing", "Suggestion", "build", "connect"]


class Place(NamedTuple):
    """Where an identity stands: its customer, the instant of the last call or decision that this rests on, and the join that brought it."""

    customer_id: str
    since: int
    join: Join | None


class Graph:
    """Customers, why each identity is where it is, anonymous ids that several users share, and what a person should look at."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.members: dict[str, list[str]] = {}
        self.standings: dict[str, Standing] = {}
        self.spans: dict[str, tuple[Span, ...]] = {}
        self.suggestions: list[Suggestion] = []
        self.joins: dict[str, list[Join]] = {}

    def customer_of(self, identity: str) -> str:
        """The customer of an identity; one that no call named is its own."""
        place = self.places.get(identity)
        return place.customer_id if place else identity

    def customers(self) -> dict[str, str]:
        """Customer by identity."""
        return {identity: place.customer_id for identity, place in self.places.items()}

    def why(self, left: str, right: str) -> list[Join]:
        """Why two identities are one person: the joins that lead from one to the other; empty where they are not one."""
        reached: dict[str, Join | None] = {left: None}
        queue = deque([left])
        while queue and right not in reached:
            here = queue.popleft()
            for join in self.joins.get(here, ()):
                if join.other(here) not in reached:
                    reached[join.other(here)] = join
                    queue.append(join.other(here))
        chain: list[Join] = []
        here, step = right, reached.get(right)
        while step is not None:
            chain.append(step)
            here = step.other(here)
            step = reached[here]
        return chain[::-1]


def build(
    links: Iterable[Link],
    identifications: Iterable[Identification] = (),
    decisions: Iterable[Decision] = (),
    rules: Rules = DEFAULT_RULES,
) -> Graph:
    """The graph of all calls and decisions.

    >>> from regulars.identities.evidence import Link
    >>> from regulars.identities.identifiers import Identifier
    >>> anna, web = Identifier("user", "anna"), Identifier("anonymous", "7f")
    >>> graph = build([Link((web,), 100, "m1"), Link((anna, web), 200, "m2")])
    >>> graph.places["anon:7f"].customer_id, graph.places["anon:7f"].since
    ('anna', 200)
    """
    return connect(gather(links), identifications, Constraints(decisions), rules)


def connect(
    sightings: Sightings,
    identifications: Iterable[Identification],
    constraints: Constraints,
    rules: Rules = DEFAULT_RULES,
    *,
    known: Mapping[str, Standing] | None = None,
) -> Graph:
    """The graph of compressed links. `known` are standings found earlier, for a part of the graph that does not hold all of their pairs."""
    graph = Graph()
    graph.standings = standings(sightings, constraints, rules) | dict(known or {})
    sets = _joined(sightings, constraints, rules, graph.standings)
    graph.joins = sets.joins
    for members in sets.members():
        _settle(graph, sightings, members)
    _lend(graph, sightings, identifications)
    graph.suggestions = suggest(graph, sightings, constraints, sets.refusals)
    return graph


def _joined(sightings: Sightings, constraints: Constraints, rules: Rules, barred: Mapping[str, Standing]) -> Sets:
    """Ties by hand first, then pairs of strong identifiers, then those with a weak one; each in the order of their calls."""
    firsts = sightings.firsts
    users = {identity for identity, sighting in firsts.items() if sighting.kind == "user"}
    sets = Sets(firsts, users, constraints, rules.person_at_most)
    for (left, right), decision in constraints.ties.items():
        if left in firsts and right in firsts:
            sets.tie(left, right, decision)
    strong: list[tuple[Instant, list[int], Pair]] = []
    weak: list[tuple[Instant, list[int], Pair]] = []
    for pair, instant in sightings.pairs.items():
        if pair[0] not in barred and pair[1] not in barred:
            kinds = [firsts[identity].kind for identity in pair]
            (weak if WEAK.intersection(kinds) else strong).append((instant, sorted(map(rank, kinds)), pair))
    for pairs in (sorted(strong), sorted(weak)):
        for instant, _, (left, right) in pairs:
            sets.join(left, right, instant)
    return sets


def _settle(graph: Graph, sightings: Sightings, members: list[str]) -> None:
    """Name the customer of a set and walk from there: which join brought each member, and the latest instant it rests on."""
    customer = min(members, key=lambda identity: _seniority(sightings, identity))
    graph.members[customer] = sorted(members)
    standing = graph.standings.get(customer) if len(members) == 1 else None
    graph.places[customer] = Place(customer, standing.since if standing else sightings.firsts[customer].first[0], None)
    queue = deque([customer] if len(members) > 1 else [])
    while queue:
        here = queue.popleft()
        since = graph.places[here].since
        for join in graph.joins[here]:
            there = join.other(here)
            if there not in graph.places:
                graph.places[there] = Place(customer, max(since, join.occurred_at), join)
                queue.append(there)


def _seniority(sightings: Sightings, identity: str) -> tuple[bool, Instant, str, str]:
    """The member with the least of these names the customer: the earliest user id, or without one the earliest identity of all."""
    kind, first = sightings.firsts[identity]
    return kind != "user", first, kind, identity


def _lend(graph: Graph, sightings: Sightings, identifications: Iterable[Identification]) -> None:
    """Spans of the anonymous ids that several users were identified on; what is lent belongs to its user, whoever that is."""
    calls: dict[str, list[Identification]] = defaultdict(list)
    for call in identifications:
        calls[call.anonymous].append(call)
    for pair, (occurred_at, message_id) in sightings.pairs.items():
        for anonymous, user in (pair, pair[::-1]):
            if sightings.firsts[anonymous].kind == "anonymous" and sightings.firsts[user].kind == "user":
                calls[anonymous].append(Identification(anonymous, user, occurred_at, message_id))
    for anonymous, known in sorted(calls.items()):
        spans = spans_of(anonymous, known)
        if not spans:
            continue
        graph.spans[anonymous] = spans
        for user in {call.user for call in known}:
            _lend_to(graph, lent(anonymous, user), user, min((call.occurred_at, call.message_id) for call in known if call.user == user))


def _lend_to(graph: Graph, identity: str, user: str, first: Instant) -> None:
    place = graph.places.get(user, Place(user, first[0], None))
    join = Join(identity, user, *first, by_hand=False)
    graph.places[identity] = Place(place.customer_id, max(place.since, first[0]), join)
    graph.members.setdefault(place.customer_id, [user]).append(identity)
    graph.members[place.customer_id].sort()
    graph.joins[identity].append(join)
    graph.joins[user].append(join)
