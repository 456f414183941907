"""What members change of their own account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from regulars_server.shared.public import publish, record_change, write_tx
from regulars_server.team.models import User
from regulars_server.team.tries import count_try, forget_tries

if TYPE_CHECKING:
    from datetime import datetime


def change_password(*, user: User, old: str, new: str, address: str, now: datetime) -> User:
    """Set another password; all sessions but the one at hand end.

    Raises `ValidationError` where the old one is wrong or the new one is weak, and `TooManyTries`: who finds an open session cannot guess on.
    """
    count_try(email=user.email, address=address, now=now, own=True)
    if not user.check_password(old):
        raise ValidationError(_("The old password is wrong."))
    validate_password(new, user)
    with write_tx():
        account = User.objects.select_for_update().get(pk=user.pk)
        account.set_password(new)
        account.sessions_ended += 1
        account.save(update_fields=["password", "sessions_ended"])
        forget_tries(user.email, own=True)
        record_change(actor=user.actor, action="member.password_changed", now=now, subjects=[user.actor])
        publish("member.password_changed", {"user": user.pk}, now=now)
    return account


def change_profile(*, user: User, name: str, language: str, now: datetime) -> None:
    """Set one's own name and language ("" takes the browser's)."""
    if language and language not in dict(settings.LANGUAGES):
        raise ValidationError(_("This language is not there."))
    with write_tx():
        User.objects.filter(pk=user.pk).update(name=name.strip()[:200], language=language)
        record_change(actor=user.actor, action="member.profile_changed", now=now, subjects=[user.actor], details={"language": language})
        publish("member.profile_changed", {"user": user.pk}, now=now)
