"""How often signing in may fail: counted for each account, known or not, and for each address that it comes from."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.db import connection

from regulars_server.shared.public import write_tx
from regulars_server.team.errors import TooManyTries
from regulars_server.team.models import Tries

if TYPE_CHECKING:
    from datetime import datetime

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
PER_ADDRESS = 60
MARKED_FOR = timedelta(days=180)
_SALT = "regulars.team.browser"

# One statement, so that tries at the same moment are all counted. Both databases know it.
COUNT = """
INSERT INTO team_tries (subject, since, count) VALUES (%s, %s, 1)
ON CONFLICT (subject) DO UPDATE SET
    count = CASE WHEN team_tries.since <= %s THEN 1 ELSE team_tries.count + 1 END,
    since = CASE WHEN team_tries.since <= %s THEN excluded.since ELSE team_tries.since END
RETURNING count
"""


def count_try(*, email: str, address: str, now: datetime, mark: str = "", own: bool = False) -> None:
    """Count a try before the password is looked at; raises `TooManyTries` when it is one too many.

    A browser that entered this account before (`mark`), and somebody who is signed in (`own`), are counted by themselves: strangers who fail
    on purpose do not shut them out.
    """
    with write_tx():
        from_there = _count(_subject("address", network_of(address)), now)
        # Who has failed too often shuts nobody else out.
        for_account = _count(_account(email, mark, own=own), now) if from_there <= PER_ADDRESS else 0
    if for_account > PER_ACCOUNT or from_there > PER_ADDRESS:
        raise TooManyTries(
            "Signing in failed too often.",
            expected=f"fewer than {PER_ACCOUNT} tries in {WINDOW.seconds // 60} minutes",
            remedy=f"Wait {WINDOW.seconds // 60} minutes, or ask for a one-time link.",
        )


def forget_tries(email: str, *, mark: str = "", own: bool = False) -> None:
    """The account was entered: its failures no longer count. Those of the address do, or one known account would open all others."""
    Tries.objects.filter(subject=_account(email, mark, own=own)).delete()


def mark_of(email: str) -> str:
    """What a browser keeps that has entered this account."""
    return signing.dumps([_account(email), secrets.token_hex(8)], salt=_SALT)


def network_of(address: str) -> str:
    """What is counted of an address: of IPv6 the network, of which whoever has one has more addresses than could be counted.

    >>> network_of("203.0.113.7"), network_of("2001:db8:1:2:3:4:5:6"), network_of("::ffff:203.0.113.7"), network_of("")
    ('203.0.113.7', '2001:db8:1:2::/64', '203.0.113.7', '')
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return address


def expire_tries(now: datetime) -> int:
    """Remove what no longer counts."""
    return Tries.objects.filter(since__lte=now - WINDOW).delete()[0]


def _count(subject: str, now: datetime) -> int:
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [subject, adapt(now), adapt(now - WINDOW), adapt(now - WINDOW)])
        return int(cursor.fetchall()[0][0])


def _account(email: str, mark: str = "", *, own: bool = False) -> str:
    whose = _subject("own account" if own else "account", email.strip().lower())
    try:
        of, browser = signing.loads(mark, salt=_SALT, max_age=MARKED_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        return whose
    return _subject("browser", browser) if of == whose else whose


def _subject(kind: str, value: str) -> str:
    return hmac.new(settings.SECRETS.reference_key.encode(), f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()
