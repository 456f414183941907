"""Resolving a batch of calls: whose they are, and what they change about who is who."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.identities.evidence import Identification, Link, Sighting, Sightings
from regulars.identities.identifiers import Identifier, from_text, narrowest
from regulars.identities.spans import holder
from regulars_server.profiles.bulk import links_between, links_of, one_writer, rows_among, write_rows
from regulars_server.profiles.contracts import Resolved
from regulars_server.profiles.known import KNOWN, Entry
from regulars_server.profiles.lending import Lending
from regulars_server.profiles.part import Part, read_rows
from regulars_server.profiles.rebuilding import rebuild
from regulars_server.profiles.rules import house_rules, rules
from regulars_server.profiles.sayings import write_sayings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from regulars.identities.evidence import Instant, Pair
    from regulars_server.profiles.contracts import AdoptedRow, Observation
    from regulars_server.profiles.part import Row

_PASSING = frozenset({"anonymous", "device"})
"""Kinds of identity that somebody may have had before they were known."""
_SAYS_WHO = frozenset({"identify", "alias"})


def resolve(observations: Sequence[Observation], *, now: datetime) -> Resolved:
    """The identities that rows of these calls carry. Call it inside the transaction that records the batch.

    What the calls say of who is who is written down: links, identifications, identities and their customers, rows for the identity map,
    moves of rows that came before, traits and memberships. Giving the same calls again changes nothing.
    """
    del now
    one_writer()
    KNOWN.refresh()
    batch = _Batch(observations)
    batch.read_known()
    newcomers = batch.newcomers()
    changed = batch.take_in_new() if batch.entries or batch.identifications else 0
    joined = write_sayings(observations, batch.plain)
    identities = batch.identities()
    KNOWN.keep(batch.entries, batch.lending.spans, batch.lending.changed)
    return Resolved(identities, changed, newcomers, joined)


def adopt(rows: Sequence[AdoptedRow], *, now: datetime) -> int:
    """Take identity rows that imported files brought as links; returns how many identities have another customer than before.

    A row that names an identity as its own customer tells when it was seen, and joins nothing. Call it inside a transaction.
    """
    del now
    one_writer()
    KNOWN.refresh()
    fresh, sources = Sightings(), {}
    latest: dict[str, tuple[int, str, str]] = {}
    by_call: dict[Instant, str] = {}
    for row in rows:
        customer = from_text(row.customer_id)
        customer = Identifier("customer", customer.value) if customer.kind == "file" else customer
        named = (customer,) if row.identity_id == row.customer_id else (customer, from_text(row.identity_id))
        fresh.add(Link(named, row.occurred_at, row.row_key))
        by_call[row.occurred_at, row.row_key] = row.source
        latest[row.identity_id] = max((row.occurred_at, row.row_key, row.customer_id), latest.get(row.identity_id, (0, "", "")))
    sources = {pair: by_call[instant] for pair, instant in fresh.pairs.items()}
    mapped = {identity: (customer, at) for identity, (at, _, customer) in latest.items()}
    lending = Lending(KNOWN)
    changed = take_in(fresh, sources, [], lending, mapped)
    KNOWN.keep({}, lending.spans, lending.changed)
    return changed


class _Batch:
    """The calls of one batch."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        self.observations = observations
        self.plain: list[str | None] = []
        """The identity of each call's rows before spans are looked at."""
        self.entries: dict[tuple[Identifier, ...], Entry] = {}
        """What is not remembered yet, or only from later calls: the earliest call of each set of identifiers."""
        self.sources: dict[tuple[Identifier, ...], str] = {}
        self.identifications: list[Identification] = []
        self.anonymous: dict[int, str] = {}
        """Places of the calls whose identity depends on a span."""
        self._introducing: list[int] = []
        """Places of the identify calls that may be the earliest of their identifiers."""
        self.lending = Lending(KNOWN)
        self._house = house_rules()

    def read_known(self) -> None:
        """One pass over the calls: what is remembered costs a look into a dictionary."""
        known, plain = KNOWN.entries, self.plain
        for place, one in enumerate(self.observations):
            entry = known.get(one.identifiers)
            if entry is None or (one.occurred_at <= entry.occurred_at and _instant(one) < entry[:2]):
                if not one.identifiers:
                    plain.append(None)
                    continue
                entry = self._remember(one)
                if one.kind == "identify":
                    self._introducing.append(place)
            plain.append(entry.identity or None)
            if entry.is_anonymous:
                self.anonymous[place] = entry.identity
            if one.kind in _SAYS_WHO and len(one.identifiers) > 1:
                self._identified(one)

    def identities(self) -> list[str | None]:
        """The identity of each call's rows."""
        found: list[str | None] = list(self.plain)
        self.lending.read(set(self.anonymous.values()))
        for place, anonymous in self.anonymous.items():
            spans = self.lending.of(anonymous)
            if spans:
                found[place] = holder(anonymous, spans, self.observations[place].occurred_at)
        return found

    def newcomers(self) -> frozenset[int]:
        """Places of the identify calls before which nothing that they name was seen; to be asked before anything is written."""
        asked: dict[int, list[str]] = {}
        for place in self._introducing:
            one = self.observations[place]
            if self.entries[one.identifiers][:2] == _instant(one):
                asked[place] = [named.identity for named in self._house.allowed(one.identifiers) if named.kind not in _PASSING]
        if not asked:
            return frozenset()
        first: dict[str, Instant] = {}
        for identifiers, entry in self.entries.items():
            for named in self._house.allowed(identifiers):
                first[named.identity] = min(entry[:2], first.get(named.identity, entry[:2]))
        wanted = {identity for identities in asked.values() for identity in identities}
        for identity, at, message in rows_among("profiles_identity", "identity, first_at, first_message", "identity", wanted):
            first[identity] = min((at, message), first[identity])
        return frozenset(
            place
            for place, identities in asked.items()
            if identities and all(first[identity] >= _instant(self.observations[place]) for identity in identities)
        )

    def take_in_new(self) -> int:
        """Write what is new, and rebuild the part of the graph that it concerns."""
        fresh, sources = self._fresh()
        return take_in(fresh, sources, self.identifications, self.lending)

    def _remember(self, one: Observation) -> Entry:
        earlier = self.entries.get(one.identifiers)
        if earlier is not None and (one.occurred_at, one.message_id) >= earlier[:2]:
            return earlier
        allowed = self._house.allowed(one.identifiers)
        named = narrowest(allowed) if allowed else Identifier("", "")
        entry = Entry(one.occurred_at, one.message_id, named.identity if allowed else "", named.kind == "anonymous")
        self.entries[one.identifiers] = entry
        self.sources[one.identifiers] = one.source
        return entry

    def _identified(self, one: Observation) -> None:
        named = self._house.allowed(one.identifiers)
        users = [identifier.identity for identifier in named if identifier.kind == "user"]
        for identifier in named if users else ():
            if identifier.kind == "anonymous":
                anonymous = identifier.identity
                self.identifications += [Identification(anonymous, user, one.occurred_at, one.message_id) for user in users]

    def _fresh(self) -> tuple[Sightings, dict[Pair, str]]:
        fresh = Sightings()
        for identifiers, entry in self.entries.items():
            fresh.add(Link(self._house.allowed(identifiers), entry.occurred_at, entry.message_id))
        sources = {(entry.occurred_at, entry.message_id): self.sources[identifiers] for identifiers, entry in self.entries.items()}
        return fresh, {pair: sources[instant] for pair, instant in fresh.pairs.items()}


def _instant(one: Observation) -> Instant:
    return one.occurred_at, one.message_id


def take_in(
    fresh: Sightings,
    sources: Mapping[Pair, str],
    identifications: Sequence[Identification],
    lending: Lending,
    mapped: Mapping[str, tuple[str, int]] | None = None,
) -> int:
    """Write what is new, and rebuild the part of the graph that it concerns. `mapped` are rows of the map that others have written."""
    rows = read_rows(list(fresh.firsts))
    new = _unknown(fresh, rows)
    narrowed = {identity for identity, sighting in new.firsts.items() if identity in rows and sighting.kind != rows[identity].kind}
    lending.note(identifications, *_pairs_and_kinds(new, rows, narrowed))
    write_links(new.pairs, sources)
    lending.write()
    changed = _latest(new)
    part = Part(KNOWN.constraints, rules())
    part.know(rows)
    for identity, (customer, at) in (mapped or {}).items():
        if part.take_mapped(identity, customer, at):
            changed.setdefault(identity, fresh.firsts[identity].first)
    if not changed:
        return 0
    part.meet(new)
    part.reach({*changed, *lending.borrowers()}, whole=lending.becoming, around=narrowed)
    return rebuild(part, changed, news={message for _, message in new.pairs.values()}, newly_lent=lending.becoming)


def _pairs_and_kinds(new: Sightings, rows: Mapping[str, Row], narrowed: set[str]) -> tuple[dict[Pair, Instant], dict[str, str]]:
    """New pairs and the kinds of their ends; and the older pairs of those that are only now known to be users."""
    older = {(left, right): (at, message) for left, right, at, message in links_of(narrowed)}
    pairs = {**older, **new.pairs}
    others = read_rows([identity for pair in older for identity in pair if identity not in rows])
    kinds = {row.identity: row.kind for row in (*rows.values(), *others.values())}
    return pairs, kinds | {identity: sighting.kind for identity, sighting in new.firsts.items()}


def write_links(pairs: Mapping[Pair, Instant], sources: Mapping[Pair, str]) -> None:
    """Write pairs that are new or earlier than known."""
    conflict = (
        '("left", "right") DO UPDATE SET occurred_at = excluded.occurred_at, message_id = excluded.message_id, source = excluded.source'
    )
    links = [(*pair, *instant, sources[pair]) for pair, instant in pairs.items()]
    write_rows("profiles_link", ("left", "right", "occurred_at", "message_id", "source"), links, conflict)


def _unknown(fresh: Sightings, rows: Mapping[str, Row]) -> Sightings:
    """What the database does not know yet, or only from later calls or under a wider kind."""
    new = Sightings()
    for identity, sighting in fresh.firsts.items():
        row = rows.get(identity)
        if row is None:
            new.firsts[identity] = sighting
            continue
        before = new.firsts[identity] = Sighting(row.kind, (row.first_at, row.first_message))
        new.saw(identity, *sighting)
        if new.firsts[identity] == before:
            del new.firsts[identity]
    known = {(left, right): (at, message) for left, right, at, message in links_between(list(fresh.pairs))}
    for pair, instant in fresh.pairs.items():
        if pair not in known or instant < known[pair]:
            new.pairs[pair] = instant
    return new


def _latest(new: Sightings) -> dict[str, Instant]:
    """The identities that something new was said of, with the latest instant of it."""
    changed = {identity: sighting.first for identity, sighting in new.firsts.items()}
    for pair, instant in new.pairs.items():
        for identity in pair:
            changed[identity] = max(instant, changed.get(identity, instant))
    return changed
