"""The identity graph: who is who, as a pure function of the calls, the decisions by hand, and the rules.

The order is that of (occurred_at, message_id), never that of arrival. docs/server/identities.md states the rules so that they can be
reckoned again by hand.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

from regulars.identities.constraints import Constraints
from regulars.identities.evidence import DEFAULT_RULES, Identification, Instant, Pair, Sightings, gather, seen_in_files
from regulars.identities.identifiers import WEAK, rank
from regulars.identities.joining import Join, Refusal, Sets
from regulars.identities.spans import Span, lent, spans_of
from regulars.identities.standings import SHARED, TOO_LARGE, Standing, standings
from regulars.identities.suggesting import Suggestion, suggest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from regulars.identities.evidence import Decision, Link, Rules

__all__ = ["SHARED", "TOO_LARGE", "Graph", "Join", "Place", "Refusal", "Span", "Standing", "Suggestion", "build", "connect"]


_NAMING = {"user": 0, "customer": 1}


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
        self.lent: set[str] = set()
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
    decided = list(decisions)
    sightings = gather([*links, *(link for one in decided for link in seen_in_files(one.seen))])
    graph = connect(sightings, Constraints(decided), rules)
    calls = defaultdict(list)
    for call in identifications:
        calls[call.anonymous].append(call)
    for anonymous in graph.lent:
        graph.spans[anonymous] = spans_of(anonymous, [*calls[anonymous], *implied(anonymous, sightings)])
    return graph


def connect(
    sightings: Sightings,
    constraints: Constraints,
    rules: Rules = DEFAULT_RULES,
    *,
    known: Mapping[str, Standing] | None = None,
    outside: Mapping[str, str] | None = None,
    lent: Iterable[str] = (),
) -> Graph:
    """The graph of compressed links, without spans.

    It may be a part of the whole: a set of identities with all their pairs, but for those whose standing is `known`. The other ends of
    pairs with identities that join nobody may be `outside`: their customers are known and are not asked for. `lent` are anonymous ids
    known to have several users.
    """
    graph = Graph()
    outside = outside or {}
    graph.standings = standings(sightings, constraints, rules, outside) | dict(known or {})
    sets = _joined(sightings, constraints, rules, graph.standings, outside)
    graph.joins = sets.joins
    for members in sets.members():
        _settle(graph, sightings, members)
    graph.lent = _lend(graph, sightings, set(lent))
    for identity, customer in outside.items():
        graph.places[identity] = Place(customer, 0, None)
        graph.members.setdefault(customer, []).append(identity)
    graph.suggestions = suggest(graph, sightings, constraints, sets.refusals)
    return graph


def implied(anonymous: str, sightings: Sightings) -> list[Identification]:
    """What pairs say of an anonymous id's users: a call of any kind that names both is an identification, the earliest of them all."""
    return [
        Identification(anonymous, user, *instant)
        for pair, instant in sightings.pairs.items()
        if anonymous in pair and sightings.firsts[user := pair[pair[0] == anonymous]].kind == "user"
    ]


def _joined(
    sightings: Sightings, constraints: Constraints, rules: Rules, barred: Mapping[str, Standing], outside: Mapping[str, str]
) -> Sets:
    """Ties by hand first, then pairs of strong identifiers, then those with a weak one; each in the order of their calls."""
    firsts = sightings.firsts
    users = {identity for identity, sighting in firsts.items() if sighting.kind == "user"}
    sets = Sets([identity for identity in firsts if identity not in outside], users, constraints, rules.person_at_most)
    for (left, right), decision in constraints.ties.items():
        if left in firsts and right in firsts and left not in outside and right not in outside:
            sets.tie(left, right, decision)
    strong: list[tuple[Instant, list[int], Pair]] = []
    weak: list[tuple[Instant, list[int], Pair]] = []
    for pair, instant in sightings.pairs.items():
        if not (pair[0] in barred or pair[1] in barred or pair[0] in outside or pair[1] in outside):
            kinds = [firsts[identity].kind for identity in pair]
            (weak if WEAK.intersection(kinds) else strong).append((instant, sorted(map(rank, kinds)), pair))
    for pairs in (sorted(strong), sorted(weak)):
        for instant, _, (left, right) in pairs:
            sets.join(left, right, instant)
    return sets


def _settle(graph: Graph, sightings: Sightings, members: list[str]) -> None:
    """Name the customer of a set and walk from there: which join brought each member, and the latest instant it rests on."""
    customer = min(members, key=lambda identity: seniority(sightings, identity))
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


def seniority(sightings: Sightings, identity: str) -> tuple[int, Instant, str, str]:
    """The member with the least of these names the customer: the earliest user id, or customer id of a file, or identity at all."""
    kind, first = sightings.firsts[identity]
    return _NAMING.get(kind, len(_NAMING)), first, kind, identity


def _lend(graph: Graph, sightings: Sightings, lent_ids: set[str]) -> set[str]:
    """The anonymous ids that several users were identified on. What they lend belongs to its user, whoever that is."""
    firsts = sightings.firsts
    users: dict[str, list[tuple[str, Instant]]] = defaultdict(list)
    for pair, instant in sightings.pairs.items():
        for anonymous, user in (pair, pair[::-1]):
            if firsts[anonymous].kind == "anonymous" and firsts[user].kind == "user":
                users[anonymous].append((user, instant))
    found = lent_ids | {anonymous for anonymous, known in users.items() if len(known) > 1}
    for anonymous in sorted(found):
        for user, first in users[anonymous]:
            if user in graph.places:
                lend_to(graph, lent(anonymous, user), user, first)
    return found


def lend_to(graph: Graph, identity: str, user: str, first: Instant) -> None:
    """Take in an identity that is lent to a user; it is that user's customer's."""
    place = graph.places[user]
    join = Join(identity, user, *first, by_hand=False)
    graph.places[identity] = Place(place.customer_id, max(place.since, first[0]), join)
    graph.members[place.customer_id].append(identity)
    graph.joins[identity].append(join)
    graph.joins[user].append(join)
