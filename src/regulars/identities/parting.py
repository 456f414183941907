"""Un-merging: which side of a customer leaves with an identity, and from whom it is kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from regulars.identities.evidence import DEFAULT_RULES
from regulars.identities.graph import connect, seniority

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from regulars.identities.constraints import Constraints
    from regulars.identities.evidence import Pair, Rules, Sightings
    from regulars.identities.graph import Graph
    from regulars.identities.standings import Standing


class Sides(NamedTuple):
    """Who leaves, the identity that stands for them first, and who stays."""

    leaving: tuple[str, ...]
    staying: tuple[str, ...]


def part_of(identity: str, members: Iterable[str], graph: Graph, sightings: Sightings) -> tuple[str, ...]:
    """Those of `members` who are one person with `identity` in a graph; first the one of them that would name that person.

    In the graph others may be that person too, who are none of `members` because a decision by hand brought these somewhere else.
    """
    customer = graph.customer_of(identity)
    own = {identity, *(one for one in members if graph.customer_of(one) == customer)}
    first = min(own, key=lambda one: seniority(sightings, one))
    return (first, *sorted(own - {first}))


def sides_of(
    identity: str,
    members: Iterable[str],
    sightings: Sightings,
    constraints: Constraints,
    rules: Rules = DEFAULT_RULES,
    *,
    known: Mapping[str, Standing] | None = None,
    outside: Mapping[str, str] | None = None,
) -> Sides:
    """What un-merging an identity parts.

    The latest merge by hand that its part took part in is taken back, or the one before where that parts nothing; its side leaves and the
    other side stays. Where no merge by hand brought anything, the identity leaves alone.
    """
    everybody = sorted(members)

    def without(ties: Iterable[Pair]) -> Graph:
        return connect(sightings, constraints.without(ties), rules, known=known, outside=outside)

    own = part_of(identity, everybody, without(constraints.ties), sightings)
    by_hand = [pair for pair in constraints.ties if not set(own).isdisjoint(pair)]
    by_hand.sort(key=lambda pair: (constraints.ties[pair].occurred_at, constraints.ties[pair].decision_id), reverse=True)
    for count in range(1, len(by_hand) + 1):
        graph = without(by_hand[:count])
        leaving = part_of(identity, everybody, graph, sightings)
        ends = {end for pair in by_hand[:count] for end in pair if end in everybody and end not in leaving}
        if ends:
            staying = {one for end in ends for one in part_of(end, everybody, graph, sightings)}
            return Sides(leaving, tuple(sorted(staying)))
    return Sides((identity,), tuple(one for one in everybody if one != identity))
