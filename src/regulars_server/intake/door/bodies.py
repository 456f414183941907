"""Reading a request's body: bounded in size before and after decompression, and in what all requests hold together."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from typing import Any

MAX_BODY = 4 << 20
"""Bytes of a body after decompression."""
MAX_HELD = 128 << 20
"""Bytes of bodies that are being read at one time."""
MAX_ENCODINGS, MAX_MEMBERS = 2, 64
"""How often a body may be packed, and of how many members a gzip file may consist: each costs time, even when there is nothing in it."""


class TooLarge(Exception):
    """The body is larger than the door takes."""


class TooBusy(Exception):
    """All requests together hold too much."""


class Unpackable(Exception):
    """The body is not what its Content-Encoding says."""


class Gone(Exception):
    """The client went away before the body was there."""


class Bodies:
    """Reads bodies, and knows how much is being read."""

    def __init__(self) -> None:
        self.held = 0

    async def read(self, headers: Iterable[tuple[bytes, bytes]], receive: Callable[[], Awaitable[Any]]) -> bytes:
        """The whole body as it was sent. Raises `TooLarge`, `TooBusy` or `Gone`."""
        for name, value in headers:
            # What has so many digits is no length; that there are only digits was seen to before.
            if name == b"content-length" and (len(value) > 19 or int(value) > MAX_BODY):
                raise TooLarge
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            body: bytes = message["body"]
            if len(body) > MAX_BODY:
                raise TooLarge
            return body
        return await self._read_on(message, receive)

    async def _read_on(self, message: Any, receive: Callable[[], Awaitable[Any]]) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            while True:
                if message["type"] != "http.request":
                    raise Gone
                part = message["body"]
                parts.append(part)
                size += len(part)
                self.held += len(part)
                if size > MAX_BODY:
                    raise TooLarge
                if self.held > MAX_HELD:
                    raise TooBusy
                if not message.get("more_body"):
                    return b"".join(parts)
                message = await receive()
        finally:
            self.held -= size


def unpack(body: bytes, encoding: bytes) -> bytes:
    """The body without its Content-Encoding (gzip or deflate), unpacked no further than the limit. Raises `TooLarge` or `Unpackable`.

    >>> unpack(zlib.compress(b"{}"), b"deflate")
    b'{}'
    """
    names = [name for part in encoding.split(b",") if (name := part.strip().lower()) not in {b"", b"identity"}]
    if len(names) > MAX_ENCODINGS:
        raise Unpackable
    for name in reversed(names):
        if name not in {b"gzip", b"x-gzip", b"deflate"}:
            raise Unpackable
        # Deflate is sent with and without its frame; 0x8 in the low half of the first byte says with.
        framed = b"gzip" in name or (body[:1] and body[0] & 0x0F == 8)
        body = _inflate(body, (zlib.MAX_WBITS | 32) if framed else -zlib.MAX_WBITS)
    return body


def _inflate(body: bytes, window: int) -> bytes:
    packed = zlib.decompressobj(window)
    try:
        found = packed.decompress(body, MAX_BODY + 1)
        # A file of gzip may have several members.
        members = 1
        while packed.eof and packed.unused_data[:2] == b"\x1f\x8b" and len(found) <= MAX_BODY:
            members += 1
            if members > MAX_MEMBERS:
                raise Unpackable
            rest, packed = packed.unused_data, zlib.decompressobj(window)
            found += packed.decompress(rest, MAX_BODY + 1 - len(found))
    except zlib.error as error:
        raise Unpackable from error
    if len(found) > MAX_BODY:
        raise TooLarge
    if not packed.eof:
        raise Unpackable
    return found
