"""What this app takes from others and gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from regulars.identities.spans import FOREVER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.identities.identifiers import Identifier

__all__ = ["FOREVER", "Observation", "PendingMapRow", "PendingMove", "Resolved"]


class Observation(NamedTuple):
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
