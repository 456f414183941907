"""Resolving a batch of calls: whose they are, and what they change about who is who."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.identities.identifiers import row_identity
from regulars_server.profiles.contracts import Resolved

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from regulars_server.profiles.contracts import Observation


def resolve(observations: Sequence[Observation], *, now: datetime) -> Resolved:
    """The identities that rows of these calls carry. Call it inside the transaction that records the batch."""
    del now
    return Resolved([row_identity(observation.identifiers) for observation in observations])
