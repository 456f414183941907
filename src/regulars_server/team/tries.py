"""How often signing in may fail: counted for each account, known or not, and for each address that it comes from."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from regulars_server.shared.public import write_tx
from regulars_server.team.errors import TooManyTries
from regulars_server.team.models import Tries

if TYPE_CHECKING:
    from datetime import datetime

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
PER_ADDRESS = 60

# One statement, so that tries at the same moment are all counted. Both databases know it.
COUNT = """
INSERT INTO team_tries (subject, since, count) VALUES (%s, %s, 1)
ON CONFLICT (subject) DO UPDATE SET
    count = CASE WHEN team_tries.since <= %s THEN 1 ELSE team_tries.count + 1 END,
    since = CASE WHEN team_tries.since <= %s THEN excluded.since ELSE team_tries.since END
RETURNING count
"""


def count_try(*, email: str, address: str, now: datetime) -> None:
    """Count a try before the password is looked at; raises `TooManyTries` when it is one too many."""
    with write_tx():
        counts = (_count(_account(email), now), _count(_subject("address", address), now))
    if counts[0] > PER_ACCOUNT or counts[1] > PER_ADDRESS:
        raise TooManyTries(
            "Signing in failed too often.",
            expected=f"fewer than {PER_ACCOUNT} tries in {WINDOW.seconds // 60} minutes",
            remedy=f"Wait {WINDOW.seconds // 60} minutes, or ask for a one-time link.",
        )


def forget_tries(email: str) -> None:
    """The account was entered: its failures no longer count. Those of the address do, or one known account would open all others."""
    Tries.objects.filter(subject=_account(email)).delete()


def expire_tries(now: datetime) -> int:
    """Remove what no longer counts."""
    return Tries.objects.filter(since__lte=now - WINDOW).delete()[0]


def _count(subject: str, now: datetime) -> int:
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [subject, adapt(now), adapt(now - WINDOW), adapt(now - WINDOW)])
        return int(cursor.fetchall()[0][0])


def _account(email: str) -> str:
    return _subject("account", email.strip().lower())


def _subject(kind: str, value: str) -> str:
    return hmac.new(settings.SECRETS.reference_key.encode(), f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()
