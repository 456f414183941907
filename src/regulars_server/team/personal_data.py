"""What the team's tables hold of persons. Members are persons too: who is a customer and a member is asked about as both."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from regulars_server.shared.public import Holding, write_tx
from regulars_server.team.models import OneTimeLink, User
from regulars_server.team.tries import expire_tries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from regulars_server.shared.public import Ids

KEPT_LINKS = timedelta(days=30)


def export_members(ids: Ids) -> Iterator[dict[str, Any]]:
    """The account of a member with one of these e-mail addresses."""
    for user in User.objects.filter(email__in=_lower(ids)):
        yield {
            "email": user.email,
            "name": user.name,
            "role": user.role,
            "language": user.language,
            "active": user.is_active,
            "created_at": user.created_at.isoformat(),
            "last_login": user.last_login.isoformat() if user.last_login else None,
        }


def erase_members(ids: Ids) -> int:
    """Take name and address out of deactivated accounts; an active one belongs to the work here, and is deactivated first."""
    with write_tx():
        gone = 0
        for user in User.objects.filter(email__in=_lower(ids), is_active=False):
            gone += User.objects.filter(pk=user.pk).update(email=f"member-{user.pk}@erased.invalid", name="", password="!erased")  # noqa: S106 - no password: what nobody can sign in with
        return gone


def expire_links(now: datetime) -> int:
    """Remove links that ended a month ago."""
    with write_tx():
        return OneTimeLink.objects.filter(expires_at__lt=now - KEPT_LINKS).delete()[0]


def _lower(ids: Ids) -> list[str]:
    return [text.strip().lower() for text in ids if "@" in text]


HOLDINGS = (
    Holding(
        name="team.User",
        holds="members of the team: e-mail address, name, role, when they signed in last",
        export=export_members,
        erase=erase_members,
        kept="An account lasts as long as its member works here; the audit log names it by number.",
    ),
    Holding(name="team.OneTimeLink", holds="hashes of links, and whose they are", nothing_personal=True, expire=expire_links),
    Holding(name="team.Tries", holds="keyed hashes of accounts and addresses", nothing_personal=True, expire=expire_tries),
    Holding(
        name="team.ApiKey", holds="hashes of keys, and who made them", nothing_personal=True, kept="The audit log names keys by number."
    ),
)
