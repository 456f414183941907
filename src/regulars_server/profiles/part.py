"""The part of the graph that something new concerns: read from the database as far as joins can reach, and no further."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from regulars.identities.evidence import DEFAULT_RULES, Rules, Sightings
from regulars.identities.standings import SHARED, TOO_LARGE, Standing, standing_of
from regulars_server.profiles.bulk import links_of, rows_among

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from regulars.identities.constraints import Constraints
    from regulars.identities.evidence import Instant, Pair

LENT = "lent"
"""The kind of identities that an anonymous id of several users lends to one of them."""
_COLUMNS = "identity, kind, first_at, first_message, customer_id, since, via, evidence, evidence_at, by_hand, standing, standing_since, lent, mapped_to, mapped_at"


class Row(NamedTuple):
    """A row of `Identity` as it is."""

    identity: str
    kind: str
    first_at: int
    first_message: str
    customer_id: str
    since: int
    via: str
    evidence: str
    evidence_at: int
    by_hand: bool
    standing: str
    standing_since: int
    lent: bool
    mapped_to: str | None
    mapped_at: int


def read_rows(identities: Collection[str]) -> dict[str, Row]:
    """The rows of these identities, as far as they are known."""
    return {row[0]: Row(*row) for row in rows_among("profiles_identity", _COLUMNS, "identity", identities)}


def read_members(customers: Collection[str]) -> dict[str, Row]:
    """The rows of all identities of these customers."""
    return {row[0]: Row(*row) for row in rows_among("profiles_identity", _COLUMNS, "customer_id", customers)}


class Part:
    """Identities that may be joined differently now (`inside`), with all of their pairs, and what is known of them."""

    def __init__(self, constraints: Constraints, rules: Rules = DEFAULT_RULES, *, anew: bool = False) -> None:
        self.constraints = constraints
        self._anew = anew
        self.rules = rules
        self.rows: dict[str, Row] = {}
        self.sightings = Sightings()
        self.inside: set[str] = set()
        self.barred: dict[str, Standing] = {}
        self._neighbours: dict[str, dict[str, Instant]] = defaultdict(dict)
        self._asked: set[str] = set()
        self._whole: set[str] = set()
        self._around: set[str] = set()
        self._mapped: dict[str, tuple[str, int]] = {}

    def know(self, rows: dict[str, Row]) -> None:
        """Take in rows that were read."""
        for identity, row in rows.items():
            if identity not in self.rows:
                self.rows[identity] = row
                self._asked.add(identity)
                if row.kind != LENT:
                    self.sightings.saw(identity, row.kind, (row.first_at, row.first_message))

    def mapped(self, identity: str) -> tuple[str | None, int]:
        """What the latest row of the map says of an identity, and its instant."""
        row = self.rows.get(identity)
        return self._mapped.get(identity) or ((row.mapped_to, row.mapped_at) if row else (None, 0))

    def take_mapped(self, identity: str, customer: str, at: int) -> bool:
        """Take in a row of the map that somebody else wrote, unless a later one is known; says whether it was.

        Of two at one instant it is not known which one holds: then the map is taken to say nothing usable, and is written anew.
        """
        known, known_at = self.mapped(identity)
        if known is not None and (at < known_at or (at, customer) == (known_at, known)):
            return False
        self._mapped[identity] = ("" if known is not None and at == known_at else customer), at
        return True

    def meet(self, fresh: Sightings) -> None:
        """Take in what is new; the rows of its identities must be known already."""
        for identity, sighting in fresh.firsts.items():
            self._asked.add(identity)
            self.sightings.saw(identity, *sighting)
        for pair, instant in fresh.pairs.items():
            self._pair(pair, instant)

    def reach(self, seeds: Iterable[str], *, whole: Collection[str] = (), around: Collection[str] = ()) -> None:
        """Read on from `seeds`, over all who can join somebody. Of `whole` all pairs are read even if they were too large before.

        Whoever is seen with one of `around` may join otherwise than before, even where that one itself joins nobody.
        """
        level = set(seeds)
        self._ask(level)
        self._whole |= {*whole, *around}
        self._around |= set(around)
        old = {self.rows[identity].customer_id for identity in level if identity in self.rows}
        members = read_members(old)
        self.know(members)
        level |= {identity for identity, row in members.items() if row.kind != LENT}
        while level := level - self.inside:
            self.inside |= level
            self._read_pairs([one for one in level if self._is_read(one)])
            level = {other for identity in level for other in self._next(identity)}
            self._ask(level)

    def outside(self) -> dict[str, str]:
        """Identities beyond: their customers. Of those that share a telephone with somebody inside, whole customers."""
        beyond = [identity for identity in self.sightings.firsts if identity not in self.inside]
        shared = {one for one, standing in self.barred.items() if standing.code == SHARED and self.sightings.firsts[one].kind == "phone"}
        near = {self.rows[other].customer_id for one in shared for other in self._neighbours[one] if other not in self.inside}
        self.know({identity: row for identity, row in read_members(near).items() if row.kind != LENT})
        return {identity: self.rows[identity].customer_id for identity in {*beyond, *self.sightings.firsts} if identity not in self.inside}

    def _is_read(self, identity: str) -> bool:
        # Who is too large stays so: its pairs, which may be a hundred thousand, need not be read.
        row = self.rows.get(identity)
        return row is not None and (self._anew or identity in self._whole or row.standing != TOO_LARGE)

    def _next(self, identity: str) -> list[str]:
        tied = self.constraints.tied_with(identity) if self.constraints.ties else []
        row = self.rows.get(identity)
        if row and not self._is_read(identity):
            self.barred[identity] = Standing(TOO_LARGE, row.standing_since)
            return tied
        self._ask(self._neighbours[identity])
        seen = [(instant, other) for other, instant in self._neighbours[identity].items()]
        standing = standing_of(identity, seen, self.sightings, self.constraints, self.rules)
        if standing:
            self.barred[identity] = standing
            if row is not None and row.standing == standing.code and identity not in self._around:
                return tied
        return [*tied, *self._neighbours[identity]]

    def _ask(self, identities: Iterable[str]) -> None:
        unknown = [identity for identity in identities if identity not in self._asked]
        self._asked.update(unknown)
        self.know(read_rows(unknown))

    def _read_pairs(self, identities: list[str]) -> None:
        found = links_of(identities)
        self._ask({identity for left, right, _, _ in found for identity in (left, right)})
        firsts = self.sightings.firsts
        for left, right, occurred_at, message_id in found:
            # The other end may have been erased just now.
            if left in firsts and right in firsts:
                self._pair((left, right), (occurred_at, message_id))

    def _pair(self, pair: Pair, instant: Instant) -> None:
        self.sightings.paired(pair, instant)
        earliest = self.sightings.pairs[pair]
        self._neighbours[pair[0]][pair[1]] = earliest
        self._neighbours[pair[1]][pair[0]] = earliest
