"""People whom the profiles know and the serving file does not have yet: they came after it was built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regulars_server.profiles import public as profiles
from regulars_server.serving import public as serving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars_server.profiles.public import Found

MOST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class JustIn:
    """Somebody new: personal, to be shown to who may see people only. `matched` is by what they were found."""

    reference: str
    who: str
    matched: str


def just_in(text: str) -> Sequence[JustIn]:
    """Whom a search means besides those in the list."""
    found = profiles.find(text) if text else []
    listed = serving.known({one.customer_id for one in found})
    fresh = [one for one in found if one.customer_id not in listed][:MOST]
    identities = {one.customer_id: profiles.identities_of(one.customer_id) for one in fresh}
    # Somebody who was joined with another since the file was built stands in it under an identity of theirs.
    under_another = serving.known({identity for own in identities.values() for identity in own})
    return [_shown(one) for one in fresh if under_another.isdisjoint(identities[one.customer_id])]


def _shown(found: Found) -> JustIn:
    name = profiles.profile_of(found.customer_id).name or found.customer_id
    return JustIn(reference=found.reference, who=name, matched="" if found.matched == name else found.matched)
