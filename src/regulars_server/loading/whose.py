"""Whom calls concern: observations handed to the profiles, identities handed back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from regulars.tracking import identifiers
from regulars.tracking.projection import Located
from regulars_server.profiles.public import Observation, members_of, resolve
from regulars_server.serving.public import known

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from regulars.tracking import Call

ALWAYS_TOLD = 200
"""A company of so many members has its list with every batch that names it; a longer one would make rows that only repeat it."""


def locate(calls: Sequence[Call], *, now: datetime) -> list[Located]:
    """Each call with its identity and account; links, traits and memberships are written on the way. Inside the batch's transaction."""
    observations = [observed(call) for call in calls]
    resolved = resolve(observations, now=now)
    located = [
        Located(call=call, identity_id=identity, account_id=observation.account_id)
        for call, observation, identity in zip(calls, observations, resolved.identities, strict=True)
    ]
    for place in _brought(located, resolved.newcomers):
        located[place] = replace(located[place], newcomer=True)
    for place, members in _whole_lists(located, resolved.joined).items():
        located[place] = replace(located[place], members=members)
    return located


def _brought(located: Sequence[Located], newcomers: Iterable[int]) -> list[int]:
    """The newcomers whom a campaign may have brought: without those whom a file told of, of whom the identities know nothing."""
    campaigned = [place for place in newcomers if located[place].call.context.get("campaign")]
    imported = known({identity for place in campaigned if (identity := located[place].identity_id) is not None})
    return [place for place in campaigned if located[place].identity_id not in imported]


def _whole_lists(located: Sequence[Located], joined: Collection[str]) -> dict[int, tuple[str, ...]]:
    """By place the members of companies that the latest group call about each is to tell; of large ones only where somebody joined."""
    latest: dict[str, int] = {}
    for place, one in enumerate(located):
        group = one.call.group_id
        if one.call.kind == "group" and group is not None:
            before = latest.get(group)
            if before is None or one.call.occurred_at >= located[before].call.occurred_at:
                latest[group] = place
    if not latest:
        return {}
    told = members_of(latest)
    return {place: told[group] for group, place in latest.items() if group in told and (group in joined or len(told[group]) <= ALWAYS_TOLD)}


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
