"""What the graph is made from: links that calls show, identifications of anonymous ids, decisions by hand, and the rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from regulars.identities.identifiers import Identifier, customer_from_text, rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Instant = tuple[int, str]
"""Where something stands in the order of things: microseconds since 1970 (UTC), then the message id."""
Pair = tuple[str, str]
"""Two identities, the smaller text first."""


class Link(NamedTuple):
    """A call named a person by all of these identifiers at once. One identifier alone tells when it was seen."""

    identifiers: tuple[Identifier, ...]
    occurred_at: int
    message_id: str


class Identification(NamedTuple):
    """An identify or alias call said that an anonymous id is now this user's; both as identities."""

    anonymous: str
    user: str
    occurred_at: int
    message_id: str


class Decision(NamedTuple):
    """What a person decided: `merge` two sides, `unmerge` the left from the right side, or `dismiss` a suggestion.

    Each side lists its identities as they stood then; of a merge the first of each side are the two that are tied. A dismissed suggestion
    is told by its `code`, what it rests on (`left`) and whom it named (`right`). `seen` are those who were known from rows of files alone,
    with the instant of the earliest: the decision is what makes the graph know them.
    """

    kind: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    occurred_at: int
    decision_id: str
    code: str = ""
    seen: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many other identities one identity may be seen with, and how many anonymous ids among them, before it joins nothing any more."""

    identities: int
    anonymous: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The settings of the graph."""

    limits: Mapping[str, Limit] = field(
        default_factory=lambda: {
            "user": Limit(identities=1000, anonymous=1000),
            "email": Limit(identities=100, anonymous=50),
            "phone": Limit(identities=50, anonymous=10),
            "device": Limit(identities=50, anonymous=10),
            "anonymous": Limit(identities=50, anonymous=10),
        }
    )
    other: Limit = field(default_factory=lambda: Limit(identities=200, anonymous=200))
    """The limit of ids of other systems and from files."""
    person_at_most: int = 2000
    """No call joins two sets that would have more identities together."""

    def limit(self, kind: str) -> Limit:
        """The limit of a kind."""
        return self.limits.get(kind, self.other)


DEFAULT_RULES = Rules()


class Sighting(NamedTuple):
    """When an identity was seen first, and as which kind: of several kinds under one text the narrowest."""

    kind: str
    first: Instant


@dataclass(frozen=True, slots=True)
class Sightings:
    """Links, compressed: each identity's first sighting and each pair's first link. Gathering in any order gives the same."""

    firsts: dict[str, Sighting] = field(default_factory=dict)
    pairs: dict[Pair, Instant] = field(default_factory=dict)

    def add(self, link: Link) -> None:
        """Take in one more link."""
        when = (link.occurred_at, link.message_id)
        named = sorted({(identifier.identity, identifier.kind) for identifier in link.identifiers})
        for identity, kind in named:
            self.saw(identity, kind, when)
        texts = sorted({identity for identity, _ in named})
        for place, left in enumerate(texts):
            for right in texts[place + 1 :]:
                self.paired((left, right), when)

    def saw(self, identity: str, kind: str, when: Instant) -> None:
        """An identity was seen."""
        known = self.firsts.get(identity)
        if known is None:
            self.firsts[identity] = Sighting(kind, when)
            return
        narrower = min(kind, known.kind, key=lambda name: (rank(name), name))
        self.firsts[identity] = Sighting(narrower, min(when, known.first))

    def paired(self, pair: Pair, when: Instant) -> None:
        """Two identities, the smaller first, were named by one call."""
        known = self.pairs.get(pair)
        if known is None or when < known:
            self.pairs[pair] = when


def seen_in_files(seen: Iterable[tuple[str, int]]) -> list[Link]:
    """People of files with the instant of their earliest row, as links that name one identity each: the customer id that the rows bear."""
    return [Link((customer_from_text(identity),), at, "") for identity, at in seen]


def gather(links: Iterable[Link]) -> Sightings:
    """All links, compressed."""
    sightings = Sightings()
    for link in links:
        sightings.add(link)
    return sightings
