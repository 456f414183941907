"""Who calls: the real peer, or who stands before a trusted proxy, cut to its network."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from regulars.errors import SettingRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(trusted: Iterable[str]) -> tuple[Network, ...]:
    """The addresses and networks of trusted proxies. Raises `SettingRefused` for what is neither."""
    found: list[Network] = []
    for text in trusted:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError as error:
            raise SettingRefused(
                f"REGULARS_TRUSTED_PROXIES holds '{text}'.", expected="addresses or networks such as 10.0.0.0/8", remedy="Correct it."
            ) from error
    return tuple(found)


def caller(peer: str, forwarded: Sequence[bytes], trusted: Sequence[Network]) -> str:
    """The address of the client: X-Forwarded-For is read from its end, and believed for as long as trusted proxies wrote it.

    >>> caller("10.0.0.1", [b"6.6.6.6, 203.0.113.7"], networks(["10.0.0.0/8"]))
    '203.0.113.7'
    >>> caller("198.51.100.2", [b"203.0.113.7"], networks(["10.0.0.0/8"]))
    '198.51.100.2'
    """
    chain = [part.strip() for value in forwarded for part in value.decode("latin-1").split(",")]
    address = peer
    while chain and is_in(address, trusted):
        before = bare(chain.pop())
        if before is None:
            break
        address = before
    return address


def kept(address: str, how: str) -> str | None:
    """What is kept of an address: its network by default (IPv4 /24, IPv6 /48), all of it (`full`), or nothing (`none`).

    >>> kept("203.0.113.77", "cut"), kept("2001:db8:1:2::3", "cut"), kept("::ffff:203.0.113.77", "cut"), kept("1.2.3.4", "none")
    ('203.0.113.0', '2001:db8:1::', '203.0.113.0', None)
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    if how == "full":
        return str(parsed)
    if how != "cut":
        return None
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False).network_address)


def is_in(address: str, trusted: Sequence[Network]) -> bool:
    """Whether an address is one of trusted proxies."""
    if not trusted:
        return False
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in trusted)


def bare(text: str) -> str | None:
    """An address without its port and brackets; None for what is no address."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
