"""IP addresses that a body names by itself, such as `context.ip` of a server's SDK: they are kept as its source says, as the caller's is."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from regulars_server.intake.door.addresses import kept

if TYPE_CHECKING:
    from collections.abc import Callable

_REST = rb'(?:_?[aA]ddress)?"\s*:\s*)"([0-9a-fA-F:.]{3,45})"'
# By how the name is written: a pattern that begins with plain letters is found many times faster than one with a choice.
_NAMES = tuple(re.compile(rb"(" + name + _REST) for name in (b"ip", b"Ip", b"IP"))


def cut_within(body: bytes, how: str) -> bytes:
    """JSON with the addresses in fields that are named so (`ip`, `ip_address`, `browser_ip`, `clientIp` ...) cut, or null, as `how` says.

    >>> cut_within(b'{"ip": "203.0.113.77", "zip": "10115", "browser_ip": "2001:db8:1:2::3"}', "cut")
    b'{"ip": "203.0.113.0", "zip": "10115", "browser_ip": "2001:db8:1::"}'
    >>> cut_within(b'{"clientIp":"203.0.113.77"}', "none"), cut_within(b'{"ip":"203.0.113.77"}', "full")
    (b'{"clientIp":null}', b'{"ip":"203.0.113.77"}')
    """
    if how == "full":
        return body
    for pattern in _NAMES:
        body = pattern.sub(_cutter(how), body)
    return body


def _cutter(how: str) -> Callable[[re.Match[bytes]], bytes]:
    def cut(found: re.Match[bytes]) -> bytes:
        return found[1] + _cut(found[2], how)

    return cut


@lru_cache(maxsize=4096)
def _cut(text: bytes, how: str) -> bytes:
    """What stands in the place of a text, in its quotes; what is no address stays."""
    if kept(text.decode(), "full") is None:
        return b'"' + text + b'"'
    address = kept(text.decode(), how)
    return b"null" if address is None else b'"' + address.encode() + b'"'
