"""Whom calls concern: observations handed to the profiles, identities handed back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.tracking import identifiers
from regulars.tracking.projection import Located
from regulars_server.profiles.public import Observation, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from regulars.tracking import Call


def locate(calls: Sequence[Call], *, now: datetime) -> list[Located]:
    """Each call with its identity and account; links, traits and memberships are written on the way. Inside the batch's transaction."""
    resolved = resolve([observed(call) for call in calls], now=now)
    return [
        Located(call=call, identity_id=identity, account_id=account_of(call))
        for call, identity in zip(calls, resolved.identities, strict=True)
    ]


def observed(call: Call) -> Observation:
    """What a call says of who somebody is."""
    is_group = call.kind == "group"
    said = call.context.get("traits")
    traits = None if is_group else call.traits or (said if isinstance(said, dict) else None)
    return Observation(
        message_id=call.message_id,
        occurred_at=call.occurred_at,
        source=call.source,
        kind=call.kind,
        identifiers=identifiers(call),
        traits=traits or None,
        account_id=account_of(call),
        account_traits=(call.traits or None) if is_group else None,
    )


def account_of(call: Call) -> str | None:
    """The company a call is about: of a group call, or where the sender says for which company somebody acts."""
    if call.group_id is not None:
        return call.group_id
    group = call.context.get("groupId")
    return group[:512] if isinstance(group, str) and group else None
