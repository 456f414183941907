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
    observations = [observed(call) for call in calls]
    resolved = resolve(observations, now=now)
    return [
        Located(call=call, identity_id=identity, account_id=observation.account_id)
        for call, observation, identity in zip(calls, observations, resolved.identities, strict=True)
    ]


def unlocated(call: Call) -> Located:
    """A call of which is not asked whose it is."""
    return Located(call=call)


def observed(call: Call) -> Observation:
    """What a call says of who somebody is."""
    group = account_of(call)
    if call.kind == "group":
        return Observation(call.message_id, call.occurred_at, call.source, call.kind, identifiers(call), None, group, call.traits or None)
    said = call.traits or call.context.get("traits")
    traits = said if said.__class__ is dict and said else None
    return Observation(call.message_id, call.occurred_at, call.source, call.kind, identifiers(call), traits, group)


def account_of(call: Call) -> str | None:
    """The company a call is about: of a group call, or where the sender says for which company somebody acts."""
    if call.group_id is not None:
        return call.group_id
    group = call.context.get("groupId")
    return group[:512] if isinstance(group, str) and group else None
