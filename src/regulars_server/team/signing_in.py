"""Signing in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import authenticate

from regulars_server.shared.public import record_change, write_tx
from regulars_server.team.errors import SignInRefused
from regulars_server.team.models import User
from regulars_server.team.tries import count_try, forget_tries

if TYPE_CHECKING:
    from datetime import datetime


def sign_in(*, email: str, password: str, address: str, now: datetime, mark: str = "") -> User:
    """The member whose address and password these are. `mark` is what the browser keeps from the last time.

    Raises `TooManyTries`; `SignInRefused`, the same and after the same work whether the account is unknown, deactivated, without a
    password or the password is wrong.
    """
    count_try(email=email, address=address, now=now, mark=mark)
    user = authenticate(username=email.strip().lower(), password=password)
    with write_tx():
        if user is None:
            known = User.objects.filter(email=email.strip().lower()).first()
            record_change(actor=known.actor if known else "unknown", action="member.sign_in_failed", now=now)
        else:
            forget_tries(email, mark=mark)
            record_change(actor=user.actor, action="member.signed_in", now=now)
    if user is None:
        raise SignInRefused(
            "This address and password do not belong together.",
            expected="the e-mail address and password of an account",
            remedy="Try again, or ask an administrator for a one-time link.",
        )
    return user


def signed_out(user: User, *, now: datetime) -> None:
    """Note that a member signed out; the session itself is ended by the door."""
    with write_tx():
        record_change(actor=user.actor, action="member.signed_out", now=now)
