"""Rebuilding a part of the graph and writing down what became different: identities, rows for the map, suggestions."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from regulars.identities.graph import connect, lend_to
from regulars.identities.spans import lent
from regulars_server.profiles.bulk import delete_among, write_rows
from regulars_server.profiles.part import LENT, Row, read_rows
from regulars_server.shared.public import reference_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from regulars.identities.evidence import Instant
    from regulars.identities.graph import Graph, Place
    from regulars_server.profiles.part import Part

_IDENTITY = (
    "identity",
    "kind",
    "first_at",
    "first_message",
    "customer_id",
    "since",
    "via",
    "evidence",
    "evidence_at",
    "by_hand",
    "standing",
    "standing_since",
    "lent",
    "mapped_to",
    "mapped_at",
    "reference",
)
_CONFLICT = "(identity) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _IDENTITY[1:-1])


def rebuild(part: Part, changed: Mapping[str, Instant], *, news: Container[str], newly_lent: Iterable[str] = (), rule: str = "call") -> int:
    """Write what the graph of a part says; returns how many identities have another customer than before.

    `changed` are the identities that something new was said of, with the latest instant of it; `news` the ids of the calls and decisions
    that said it. Nothing of it may hold before.
    """
    old_lent = {identity for identity in part.inside if identity in part.rows and part.rows[identity].lent}
    graph = connect(
        part.sightings, part.constraints, part.rules, known=part.barred, outside=part.outside(), lent=old_lent | set(newly_lent)
    )
    borrowed = _borrowed(part, graph)
    part.know(read_rows([identity for identity in borrowed if identity not in part.rows]))
    writer = _Writer(part, graph, changed, news, rule)
    for identity in sorted(part.inside):
        writer.settle(identity, *part.sightings.firsts[identity])
    for identity, first in sorted(borrowed.items()):
        writer.settle(identity, LENT, first)
    writer.write()
    return writer.moved


def _borrowed(part: Part, graph: Graph) -> dict[str, Instant]:
    """The identities that anonymous ids lend to users inside, with the first call that named both."""
    found: dict[str, Instant] = {}
    for pair, first in part.sightings.pairs.items():
        for anonymous, user in (pair, pair[::-1]):
            if anonymous in graph.lent and user in part.inside and part.sightings.firsts[user].kind == "user":
                found[lent(anonymous, user)] = first
    for identity, row in part.rows.items():
        # The pairs of a user who was seen with too many are not read.
        if row.kind == LENT and row.via in part.inside and identity not in found:
            found[identity] = row.first_at, row.first_message
            lend_to(graph, identity, row.via, found[identity])
    return found


class _Writer:
    """Collects the rows that differ from what is there."""

    def __init__(self, part: Part, graph: Graph, changed: Mapping[str, Instant], news: Container[str], rule: str) -> None:
        self.moved = 0
        self._part, self._graph, self._news, self._rule = part, graph, news, rule
        self._identities: list[tuple[object, ...]] = []
        self._map_rows: list[tuple[object, ...]] = []
        self._latest_of: dict[str, int] = {}
        self._latest = max((at for at, _ in changed.values()), default=0)
        for identity, (at, _) in changed.items():
            row = part.rows.get(identity)
            for customer in {graph.customer_of(identity), row.customer_id if row else identity}:
                self._latest_of[customer] = max(at, self._latest_of.get(customer, at))

    def settle(self, identity: str, kind: str, first: Instant) -> None:
        place = self._graph.places[identity]
        known = self._part.rows.get(identity)
        standing = self._graph.standings.get(identity)
        join = place.join
        mapped_to, mapped_at = self._part.mapped(identity)
        if (identity if mapped_to is None else mapped_to) != place.customer_id:
            mapped_at = self._deciding_instant(identity, place, known)
            mapped_to = place.customer_id
            self._map(identity, place, mapped_at)
        row = Row(
            identity,
            kind,
            *first,
            place.customer_id,
            place.since,
            *((join.other(identity), join.evidence, join.occurred_at, join.by_hand) if join else ("", "", 0, False)),
            standing.code if standing else "",
            standing.since if standing else 0,
            identity in self._graph.lent,
            mapped_to,
            mapped_at,
        )
        if known is None or row != known:
            self.moved += known is not None and known.customer_id != row.customer_id
            self._identities.append((*row, "" if known else reference_of(identity)))

    def write(self) -> None:
        write_rows("profiles_identity", _IDENTITY, self._identities, _CONFLICT)
        write_rows(
            "profiles_maprow",
            ("row_key", "identity", "customer_id", "occurred_at", "rule", "evidence"),
            self._map_rows,
            "(row_key) DO NOTHING",
        )
        self._suggest()

    def _suggest(self) -> None:
        part = self._part
        rests_on = [identity for identity in part.inside if identity in part.rows]
        delete_among("profiles_suggestion", "rests_on", rests_on, "AND NOT in_files")
        found = [(one.code, one.rests_on, json.dumps(one.customers)) for one in self._graph.suggestions if one.rests_on in part.inside]
        write_rows("profiles_suggestion", ("code", "rests_on", "customers"), found, "")

    def _deciding_instant(self, identity: str, place: Place, known: Row | None) -> int:
        """When the change may hold from: not before anything that it rests on, and after the identity's latest row.

        Where its own joins say nothing new, something else was decisive: then not before the latest that is new about either customer.
        """
        at = place.since
        if not (known is None or identity in self._graph.standings or self._rests_on_news(identity)):
            old = self._latest_of.get(known.customer_id, self._latest)
            at = max(at, old, self._latest_of.get(place.customer_id, old))
        mapped_to, mapped_at = self._part.mapped(identity)
        return at if mapped_to is None else max(at, mapped_at + 1)

    def _rests_on_news(self, identity: str) -> bool:
        while (join := self._graph.places[identity].join) is not None:
            if join.evidence in self._news:
                return True
            identity = join.other(identity)
        return False

    def _map(self, identity: str, place: Place, at: int) -> None:
        key = hashlib.sha256(f"{identity}\0{place.customer_id}\0{at}".encode()).hexdigest()[:32]
        rule = "merge" if place.join and place.join.by_hand else self._rule
        self._map_rows.append((key, identity, place.customer_id, at, rule, place.join.evidence if place.join else ""))
