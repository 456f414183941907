"""What this app takes from others and gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from regulars.identities.identifiers import Identifier


class Observation(msgspec.Struct, frozen=True, gc=False):
    """What one call says of who somebody is. Instants are microseconds since 1970, UTC."""

    message_id: str
    occurred_at: int
    source: str
    kind: str
    """The kind of call: `identify`, `alias`, `track`, ..."""
    identifiers: tuple[Identifier, ...]
    traits: Mapping[str, Any] | None = None
    account_id: str | None = None
    account_traits: Mapping[str, Any] | None = None


class Resolved(NamedTuple):
    """The identity that a row of each call carries, in the order of the calls; None where a call names nobody."""

    identities: list[str | None]
    changed: int = 0
    """How many identities have another customer than before."""
    newcomers: frozenset[int] = frozenset()
    """Places of the identify calls that make their person known: nothing that they name, but devices and visits, was seen before."""
    joined: frozenset[str] = frozenset()
    """Accounts that have a member they had not before."""


class PendingMapRow(NamedTuple):
    """A row for the library's table `identities` that waits to be written."""

    pending_id: int
    row_key: str
    identity_id: str
    customer_id: str
    occurred_at: int
    rule: str
    evidence: str


class PendingMove(NamedTuple):
    """Rows that carry `identity` and occurred from `since` on and before `until` have to carry `to`; to be applied in the order of `pending_id`.

    It concerns rows of all tables that were resolved before it was made. Applying one twice changes nothing.
    """

    pending_id: int
    identity: str
    since: int
    until: int
    to: str


class Preview(NamedTuple):
    """What a decision would change: its two sides, the customers they would be, and which identities would have another customer."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    left_customer: str
    right_customer: str
    moving: tuple[str, ...]
    counts: Mapping[str, int]
    """Rows that would move with them, by table, where the caller said how to count."""


class Evidence(NamedTuple):
    """One step of why two identities are one person: a call that named both, or a decision by hand."""

    left: str
    right: str
    occurred_at: int
    evidence: str
    """The message id of the call, or the id of the decision."""
    by_hand: bool
    source: str
    """The source of the call, or who decided."""


class ProfileIdentity(NamedTuple):
    """One identity of a person, since when it is theirs, and the step that joined it."""

    identity: str
    kind: str
    first_at: int
    since: int
    evidence: Evidence | None
    standing: str
    """`shared` or `too_large`: it joins nobody."""


class ProfileTrait(NamedTuple):
    """A trait: of all identities of the person the newest word."""

    name: str
    value: Any
    source: str
    occurred_at: int
    identity: str


class ProfileAccount(NamedTuple):
    """A company that the person belongs to."""

    account_id: str
    name: str | None
    first_at: int
    last_at: int


class ProfileNote(NamedTuple):
    """What a member of the team wrote."""

    note_id: int
    text: str
    actor: str
    at: datetime


NAMES = ("name", "first_name", "firstName", "last_name", "lastName")
"""Traits that say what somebody is called."""


class Profile(NamedTuple):
    """A person."""

    customer_id: str
    reference: str
    identities: tuple[ProfileIdentity, ...]
    traits: tuple[ProfileTrait, ...]
    accounts: tuple[ProfileAccount, ...]
    notes: tuple[ProfileNote, ...]

    @property
    def name(self) -> str | None:
        """What the person is called, as far as traits tell."""
        said = {trait.name: trait.value for trait in self.traits if isinstance(trait.value, str) and trait.value.strip()}
        parts = [said.get("first_name") or said.get("firstName"), said.get("last_name") or said.get("lastName")]
        return said.get("name") or " ".join(part for part in parts if part) or None

    @property
    def identity_ids(self) -> tuple[str, ...]:
        """All identities, as rows carry them."""
        return tuple(one.identity for one in self.identities)


class Suggested(NamedTuple):
    """A suggestion: what it rests on, and whom it names; `seen_with` is how many identities that one was seen with."""

    suggestion_id: int
    code: str
    rests_on: str
    customers: tuple[str, ...]
    references: tuple[str, ...]
    seen_with: int


class Found(NamedTuple):
    """Somebody who was searched for, and by what they were found."""

    customer_id: str
    reference: str
    matched: str


class AdoptedRow(NamedTuple):
    """A row of the library's table `identities` that an imported file brought; the instant in microseconds since 1970, UTC."""

    identity_id: str
    customer_id: str
    occurred_at: int
    row_key: str
    source: str
