"""IP addresses that a body names by itself, such as `context.ip` of a server's SDK: they are kept as its source says, as the caller's is."""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from regulars_server.intake.door.addresses import bare, kept

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXT = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
# What is begun is never given back, and two levels are the most: whatever comes, each byte is looked at a few times.
_PART = rb'[^"\\\[\]{}]++|' + _TEXT
_FLAT = rb"[\[{](?:" + _PART + rb")*+[\]}]"
_NESTED = rb"[\[{](?:" + _PART + rb"|" + _FLAT + rb")*+[\]}]"
_REST = rb'(?=["_aAvVs])(?:_?[aA]ddr(?:ess(?:es)?)?|_?[vV][46]|s)?"\s*:\s*(?:' + _TEXT + rb"|" + _NESTED + rb")"
# By how the name is written: a pattern that begins with plain letters is found many times faster than one with a choice.
_NAMES = tuple(re.compile(name + _REST) for name in (b"ip", b"Ip", b"IP"))
_TEXTS = re.compile(_TEXT + rb"(\s*:)?")
_BETWEEN = re.compile(r"([,;\s]+)")
_SHORT = 400
_LONGEST = 4_000


def cut_within(body: bytes, how: str) -> bytes:
    """JSON with the addresses in fields that are named so (`ip`, `ip_address`, `browser_ip`, `clientIp` ...) cut, or null, as `how` says.

    At any depth, also several addresses in one text, and in lists and objects of such a name two levels deep; other texts stay as they are.

    >>> cut_within(b'{"ip": "203.0.113.77", "zip": "10115", "browser_ip": "2001:db8:1:2::3"}', "cut")
    b'{"ip": "203.0.113.0", "zip": "10115", "browser_ip": "2001:db8:1::"}'
    >>> cut_within(b'{"clientIp":"203.0.113.77"}', "none"), cut_within(b'{"ip":"203.0.113.77"}', "full")
    (b'{"clientIp":null}', b'{"ip":"203.0.113.77"}')
    >>> cut_within(b'{"a":[{"ips":["203.0.113.77", "none"]}],"ip":"203.0.113.77:80, 10.1.2.3"}', "cut")
    b'{"a":[{"ips":["203.0.113.0", "none"]}],"ip":"203.0.113.0, 10.1.2.0"}'
    >>> cut_within(b'{"ips":["203.0.113.77",3,["10.1.2.3"]],"ip":{"address":"203.0.113.77;10.1.2.3"}}', "cut")
    b'{"ips":["203.0.113.0",3,["10.1.2.0"]],"ip":{"address":"203.0.113.0;10.1.2.0"}}'
    """
    if how == "full":
        return body
    for pattern in _NAMES:
        body = pattern.sub(_cutter(how), body)
    return body


@cache
def _cutter(how: str) -> Callable[[re.Match[bytes]], bytes]:
    def cut(found: re.Match[bytes]) -> bytes:
        field = found[0]
        # A long list is not worth remembering.
        return _known(field, how) if len(field) < _SHORT else _cut_field(field, how)

    return cut


@lru_cache(maxsize=4096)
def _known(field: bytes, how: str) -> bytes:
    return _cut_field(field, how)


def _cut_field(field: bytes, how: str) -> bytes:
    """The rest of a field from its name on, with the texts after the colon cut."""
    name, colon, value = field.partition(b":")
    # What is followed by a colon is a name in an object.
    return name + colon + _TEXTS.sub(lambda text: text[0] if text[1] else _cut_text(text[0], how), value)


def _cut_text(text: bytes, how: str) -> bytes:
    """What stands in the place of a text in its quotes: its addresses cut, or null where nothing of it is left; what holds none stays."""
    if len(text) > _LONGEST:
        return text
    pieces = _BETWEEN.split(_said(text).strip())
    parts = pieces[::2]
    addresses = [bare(part) for part in parts]
    if not any(addresses):
        return text
    left = [kept(address, how) if address else part for part, address in zip(parts, addresses, strict=True)]
    said = "".join(part + between for part, between in zip(left, [*pieces[1::2], ""], strict=True) if part).rstrip(",; ")
    return json.dumps(said).encode() if said else b"null"


def _said(text: bytes) -> str:
    plain = text.decode(errors="replace")
    if "\\" not in plain:
        return plain[1:-1]
    try:
        return str(json.loads(plain, strict=False))
    except ValueError:
        return ""
