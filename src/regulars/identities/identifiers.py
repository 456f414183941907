"""Identifiers: what a call may name a person by, made comparable, and what never names anybody."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

_LONGEST = 255
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_ALL_ZERO = re.compile(r"[0\-{}. ]+")
_EMAIL = re.compile(r"[^@\s\"<>(),;:]+@[^@\s\"<>(),;:]+\.[^@\s\"<>(),;:.]+")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_RANKS = {"user": 0, "customer": 2, "file": 3, "email": 4, "anonymous": 5, "phone": 6, "device": 7}
_MARKED = {"anonymous": "anon:", "device": "device:"}
_LENDS = ">"
"""Between a browser and the user whom it lends its rows to; see `regulars.identities.spans`."""
_RAW = frozenset({"user", "customer", "file", "email", "phone", "stripe"})
_EXTERNAL = 1

WEAK = frozenset({"phone", "device"})
"""Kinds that several people may share: they join nothing that stronger ones keep apart."""


class Identifier(NamedTuple):
    """One thing that names a person: its kind and value.

    Kinds: `user`, `anonymous`, `email`, `phone`, `device`, `customer` and `file` (a customer id, or another id, of an imported file), or a
    system such as `shopify` or `stripe`.
    """

    kind: str
    value: str

    @property
    def identity(self) -> str:
        """The text that stands as `identity_id` in the tables.

        >>> Identifier("user", "4711").identity, Identifier("anonymous", "7f").identity, Identifier("shopify", "99").identity
        ('4711', 'anon:7f', 'shopify:99')
        """
        kind, value = self
        if kind in _RAW:
            return value
        return f"anon:{value}" if kind == "anonymous" else f"{kind}:{value}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blocked:
    """Values that name nobody: placeholders, mailboxes of many people, domains that are nobody's. All in lower case."""

    values: frozenset[str]
    local_parts: frozenset[str]
    domains: frozenset[str]

    def blocks(self, kind: str, value: str) -> bool:
        """Whether `value` of this kind names nobody. Values of zeros and dashes only never do."""
        low = value.lower()
        if low in self.values or _ALL_ZERO.fullmatch(low):
            return True
        if kind != "email":
            return False
        local, _, domain = low.rpartition("@")
        return local.partition("+")[0] in self.local_parts or local in self.values or domain in self.domains


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BLOCKED = Blocked(
    values=_words("""
        null undefined none nil nan n/a na (null) true false unknown unidentified anonymous guest visitor user userid user_id customer
        test tester testuser test_user demo example default empty missing deleted not_set -1 id distinct_id anonymous_id anonymousid
        ffffffff-ffff-ffff-ffff-ffffffffffff 9774d56d682e549c
    """)
    | {"[object object]", "(not set)", "not set"},
    local_parts=_words("""
        info noreply no-reply no_reply donotreply do-not-reply do_not_reply office contact kontakt mail email admin administrator webmaster
        postmaster hostmaster abuse root mailer-daemon newsletter support sales service test tester
    """),
    domains=_words("test.com test.de test.test localhost.localdomain"),
)
"""What is blocked unless a setting says otherwise; listed in docs/server/identities.md."""


def rank(kind: str) -> int:
    """How narrowly a kind names a person: 0 for a user id, then other systems, customers and ids of files, e-mail, anonymous, phone, device."""
    return _RANKS.get(kind, _EXTERNAL)


def identify(kind: str, raw: object, *, region: str | None = None, blocked: Blocked = BLOCKED) -> Identifier | None:
    """The identifier that a raw value is, or None where it is blocked or cannot be one.

    E-mail addresses become lower case; telephone numbers E.164, read as numbers of `region` (such as `"DE"`) where they bear no country.

    >>> identify("email", " Anna@Shop.eu "), identify("phone", "030 901820", region="DE"), identify("user", 4711.0)
    (Identifier(kind='email', value='anna@shop.eu'), Identifier(kind='phone', value='+4930901820'), Identifier(kind='user', value='4711'))
    >>> identify("email", "info@shop.eu"), identify("user", "undefined"), identify("anonymous", "00000000-0000-0000-0000-000000000000")
    (None, None, None)
    """
    if isinstance(raw, str):
        return _identify(kind, raw, region, blocked)
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
        return None
    return _identify(kind, f"{raw:.0f}" if isinstance(raw, float) and raw.is_integer() else str(raw), region, blocked)


@lru_cache(maxsize=65_536)
def _identify(kind: str, raw: str, region: str | None, blocked: Blocked) -> Identifier | None:
    value = raw.strip()
    if not value or len(value) > _LONGEST or _UNPRINTABLE.search(value) or not (value.isascii() or _encodes(value)):
        return None
    if kind == "email":
        value = value.lower()
        if not _EMAIL.fullmatch(value):
            return None
    elif kind == "phone":
        number = _e164(value, region)
        if number is None:
            return None
        value = number
    found = _as_marked(Identifier(kind, value))
    return None if found is None or blocked.blocks(found.kind, found.value) else found


def _as_marked(found: Identifier) -> Identifier | None:
    """Whatever says that it is a browser or device is one, or anybody could give a user the text of another's browser."""
    if found.kind in _MARKED:
        return None if found.kind == "anonymous" and _LENDS in found.value else found
    for kind, mark in _MARKED.items():
        value = found.identity.removeprefix(mark)
        if value != found.identity:
            return _as_marked(Identifier(kind, value)) if value else None
    return found


def _encodes(value: str) -> bool:
    """Whether a text can be stored: a lone half of a surrogate pair cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _e164(value: str, region: str | None) -> str | None:
    import phonenumbers

    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def from_text(identity: str) -> Identifier:
    """The identifier that an `identity_id` of a table is; an id that bears no mark of its kind is one from a file.

    >>> from_text("anon:7f"), from_text("anna@shop.eu"), from_text("4711")
    (Identifier(kind='anonymous', value='7f'), Identifier(kind='email', value='anna@shop.eu'), Identifier(kind='file', value='4711'))
    """
    kind, colon, value = identity.partition(":")
    if colon and value and kind in {"anon", "device", "shopify"}:
        return Identifier("anonymous" if kind == "anon" else kind, value)
    if _EMAIL.fullmatch(identity) and identity == identity.lower():
        return Identifier("email", identity)
    if _PHONE.fullmatch(identity):
        return Identifier("phone", identity)
    return Identifier("stripe" if identity.startswith("cus_") else "file", identity)


def customer_from_text(identity: str) -> Identifier:
    """The identifier that a customer id of a table is.

    >>> customer_from_text("4711"), customer_from_text("anna@shop.eu").kind
    (Identifier(kind='customer', value='4711'), 'email')
    """
    found = from_text(identity)
    return Identifier("customer", found.value) if found.kind == "file" else found


def is_usable(identity: str) -> bool:
    r"""Whether a text of a table may be an identity of the graph: no longer than what calls may say, and without control characters.

    >>> is_usable("4711"), is_usable("x" * 256), is_usable("a\tb")
    (True, False, False)
    """
    value = from_text(identity).value
    return 0 < len(value) <= _LONGEST and not _UNPRINTABLE.search(value) and (value.isascii() or _encodes(value))


def narrowest(identifiers: tuple[Identifier, ...]) -> Identifier:
    """Of the identifiers of a call the one whose identity its rows carry.

    >>> narrowest((Identifier("anonymous", "7f"), Identifier("user", "4711"))).identity
    '4711'
    """
    if len(identifiers) == 1:
        return identifiers[0]
    return min(identifiers, key=lambda identifier: (rank(identifier.kind), identifier))
