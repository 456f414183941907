"""Refusals of the team's services."""

from __future__ import annotations

from regulars.errors import CallerError


class LinkUnusable(CallerError):
    """A one-time link that was used, replaced or is too old."""

    code = "team.link_unusable"


class SignInRefused(CallerError):
    """Unknown address, wrong password or a deactivated account: the answer is the same."""

    code = "team.sign_in_refused"


class TooManyTries(CallerError):
    """Signing in failed too often of late, for this account or from this address."""

    code = "team.too_many_tries"


class MemberRefused(CallerError):
    """A change of a member that is not allowed, such as removing the last owner."""

    code = "team.member_refused"


class KeyRefused(CallerError):
    """An API key that cannot be made or used as asked."""

    code = "team.key_refused"
