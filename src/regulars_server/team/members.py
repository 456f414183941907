"""Members of the team: inviting, changing a role, deactivating."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import F

from regulars_server.shared.public import publish, record_change, write_tx
from regulars_server.team.errors import MemberRefused
from regulars_server.team.links import one_at_a_time, one_time_link, withdraw_links
from regulars_server.team.models import ApiKey, User
from regulars_server.team.roles import Permission, Role

if TYPE_CHECKING:
    from datetime import datetime


WHY = {
    "address": ("That is no e-mail address.", "an address such as ana@example.com", "Mend it."),
    "taken": ("There is an account with this e-mail address.", "a new address", "Change that account instead."),
    "unknown": ("There is no such member.", "a member of the team", "Load the page again."),
    "owner": ("Only an owner may change an owner.", "an owner", "Ask an owner."),
    "role": ("You may not give this role.", "a role that you may give", "Choose another, or ask an owner."),
    "last": ("This is the last owner who can sign in.", "another owner who stays", "Make somebody else an owner first."),
    "inactive": ("This account is deactivated.", "an active account", "Activate it first."),
}
"""Why a change of a member is refused: what came, what was expected, what to do."""


def invite(*, email: str, role: str, actor: User, now: datetime, name: str = "", language: str = "") -> tuple[User, str]:
    """A new member and the address of the link with which they choose a password; raises `MemberRefused`."""
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise _refused("address") from error
    if len(address) > 254:
        raise _refused("address")
    with write_tx():
        one_at_a_time()
        _check_may(actor, role)
        if User.objects.filter(email=address).exists():
            raise _refused("taken")
        user = User.objects.create_user(address, None, role=role, name=name.strip()[:200], language=language)
        record_change(actor=actor.actor, action="member.invited", now=now, subjects=[user.actor], details={"role": role})
        publish("member.invited", {"user": user.pk, "role": role}, now=now)
        return user, one_time_link(user, now, actor=actor.actor)


def change_role(*, user_id: int, role: str, actor: User, now: datetime) -> None:
    """Give a member another role; their sessions end at once. Raises `MemberRefused`, also for the last owner."""
    with write_tx():
        user = _changeable(user_id, actor)
        _check_may(actor, role)
        if user.role == role:
            return
        _check_owner_stays(user, stays=role == Role.OWNER)
        User.objects.filter(pk=user.pk).update(role=role, sessions_ended=F("sessions_ended") + 1)
        record_change(
            actor=actor.actor, action="member.role_changed", now=now, subjects=[user.actor], details={"from": user.role, "to": role}
        )
        publish("member.role_changed", {"user": user.pk, "role": role}, now=now)


def deactivate(*, user_id: int, actor: User, now: datetime) -> None:
    """Shut a member out: sessions, links and API keys of theirs end at once. Raises `MemberRefused`, also for the last owner."""
    with write_tx():
        user = _changeable(user_id, actor)
        if not user.is_active:
            return
        _check_owner_stays(user, stays=False)
        User.objects.filter(pk=user.pk).update(is_active=False, sessions_ended=F("sessions_ended") + 1)
        withdraw_links(user, now=now)
        ApiKey.objects.filter(created_by=user, revoked_at=None).update(revoked_at=now)
        record_change(actor=actor.actor, action="member.deactivated", now=now, subjects=[user.actor])
        publish("member.deactivated", {"user": user.pk}, now=now)


def activate(*, user_id: int, actor: User, now: datetime) -> None:
    """Let a deactivated member in again, with the password they had."""
    with write_tx():
        user = _changeable(user_id, actor)
        if user.is_active:
            return
        User.objects.filter(pk=user.pk).update(is_active=True)
        record_change(actor=actor.actor, action="member.activated", now=now, subjects=[user.actor])
        publish("member.activated", {"user": user.pk}, now=now)


def new_link(*, user_id: int, actor: User, now: datetime) -> str:
    """The address of a link with which a member chooses a new password; raises `MemberRefused`."""
    with write_tx():
        user = _changeable(user_id, actor)
        if not user.is_active:
            raise _refused("inactive")
        return one_time_link(user, now, actor=actor.actor)


def members() -> list[User]:
    """All members, active ones first."""
    return sorted(User.objects.all(), key=lambda user: (not user.is_active, user.email))


def may_change(actor: User, user: User) -> bool:
    """Whether `actor` may change this member: owners are changed by owners only."""
    return actor.may(Permission.MANAGE_TEAM) and (user.role != Role.OWNER or actor.may(Permission.MANAGE_OWNERS))


def roles_given_by(actor: User) -> list[Role]:
    """The roles that `actor` may give."""
    return [role for role in Role if role != Role.OWNER or actor.may(Permission.MANAGE_OWNERS)]


def _changeable(user_id: int, actor: User) -> User:
    one_at_a_time()
    actor.refresh_from_db()
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise _refused("unknown")
    if not may_change(actor, user):
        raise _refused("owner")
    return user


def _check_may(actor: User, role: str) -> None:
    if not actor.may(Permission.MANAGE_TEAM) or role not in roles_given_by(actor):
        raise _refused("role")


def _check_owner_stays(user: User, *, stays: bool) -> None:
    if user.role != Role.OWNER or not user.is_active or stays:
        return
    others = User.objects.filter(role=Role.OWNER, is_active=True).exclude(pk=user.pk)
    if not any(other.has_usable_password() for other in others):
        raise _refused("last")


def _refused(why: str) -> MemberRefused:
    received, expected, remedy = WHY[why]
    return MemberRefused(received, expected=expected, remedy=remedy, details={"why": why})
