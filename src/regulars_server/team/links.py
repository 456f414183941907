"""One-time links: how a first owner, somebody invited and somebody who forgot a password set one."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from regulars_server.shared.public import publish, record_change, write_tx
from regulars_server.team.errors import LinkUnusable
from regulars_server.team.models import OneTimeLink, User
from regulars_server.team.roles import Role

if TYPE_CHECKING:
    from datetime import datetime

LIFE = timedelta(hours=48)
ADVISORY_LOCK = 4731


def one_time_link(user: User, now: datetime, *, actor: str = "system") -> str:
    """The address of a new link with which `user` sets a password, once and within 48 hours; earlier links of theirs end."""
    return _new_link(user, now, actor)


def first_owner_link(*, now: datetime) -> str | None:
    """The address of a link with which whoever starts this installation becomes its owner; None when there is an owner who can sign in."""
    return None if has_owner() else _new_link(None, now, "system")


def has_owner() -> bool:
    """Whether somebody is there who can sign in and may do everything."""
    owners = User.objects.filter(role=Role.OWNER, is_active=True)
    return any(owner.has_usable_password() for owner in owners)


def usable(token: str, *, now: datetime) -> OneTimeLink | None:
    """The link of a token, as long as it can be used."""
    return OneTimeLink.objects.filter(_open(token, now)).select_related("user").first()


def use_link(*, token: str, password: str, now: datetime, email: str = "", name: str = "") -> User:
    """Set the password of the link's account, or make the first owner's; of several who try at once, one succeeds.

    Raises `LinkUnusable`, and Django's `ValidationError` for a weak password, which leaves the link as it is.
    """
    with write_tx():
        link = usable(token, now=now)
        if link is None:
            raise _unusable()
        if link.user_id is None:
            one_at_a_time()
        user = User.objects.select_for_update(no_key=True).get(pk=link.user_id) if link.user_id else _first_owner(email, name)
        validate_password(password, user)
        # By columns of the link alone: where another one used it meanwhile, PostgreSQL asks them again, but not what a join had found.
        if OneTimeLink.objects.filter(pk=link.pk, **_unused(now)).update(used_at=now) != 1 or not user.is_active:
            raise _unusable()
        if link.user_id is None and has_owner():
            raise _unusable()
        user.set_password(password)
        user.sessions_ended += 1
        user.save()
        action = "member.password_set" if link.user else "member.first_owner"
        record_change(actor=user.actor, action=action, now=now, subjects=[user.actor])
        publish(action, {"user": user.pk}, now=now)
    return user


def _first_owner(email: str, name: str) -> User:
    address = email.strip().lower()
    if User.objects.filter(email=address).exists():
        raise ValidationError(_("There is an account with this e-mail address already."))
    if len(address) > 254:
        raise ValidationError(_("This e-mail address is too long."))
    return User(email=address, name=name.strip()[:200], role=Role.OWNER)


def _new_link(user: User | None, now: datetime, actor: str) -> str:
    token = secrets.token_urlsafe(32)
    with write_tx():
        one_at_a_time()
        withdraw_links(user, now=now)
        OneTimeLink.objects.create(token_hash=hash_of(token), user=user, created_at=now, created_by=actor, expires_at=now + LIFE)
        record_change(actor=actor, action="member.link_made", now=now, subjects=[user.actor] if user else [])
    return f"{settings.CONFIG.public_url}/start/{token}/"


def withdraw_links(user: User | None, *, now: datetime) -> None:
    """End the unused links of an account (None: of the first owner)."""
    OneTimeLink.objects.filter(user=user, used_at=None, withdrawn_at=None).update(withdrawn_at=now)


def one_at_a_time() -> None:
    """Hold, until the transaction ends, who may sign in and with which role, so that two who change it at the same moment see each other.

    SQLite's write gate does so by itself.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])


def hash_of(token: str) -> str:
    """What is kept of a token or key: it is random and long, so a plain hash cannot be turned round."""
    return hashlib.sha256(token.encode()).hexdigest()


def _open(token: str, now: datetime) -> Q:
    whose = Q(user=None) | Q(user__is_active=True)
    return whose & Q(token_hash=hash_of(token), **_unused(now))


def _unused(now: datetime) -> dict[str, Any]:
    return {"used_at": None, "withdrawn_at": None, "expires_at__gt": now}


def _unusable() -> LinkUnusable:
    return LinkUnusable(
        "This link was used, has been replaced by a newer one or is older than 48 hours.",
        expected="the newest link, unused",
        remedy="Ask for a new link.",
    )
