"""The front of the one door: what the intake does not answer is handed to the web process, over its socket file."""

from __future__ import annotations

import asyncio
import contextlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpx

from regulars_server.config import Config, Secrets
from regulars_server.intake.door.addresses import caller, is_in, networks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence

    from regulars_server.intake.door.addresses import Network

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

FRONT_HEADER = "x-regulars-front"
"""Carries the installation's front key: from whoever shows it the web process believes the forwarded headers."""

UPLOADS = ("/import/",)
"""Where a request may bring a large file."""
UPLOAD_BYTES, BODY_BYTES = 2 << 30, 4 << 20
UPLOADS_AT_ONCE, REQUESTS_AT_ONCE = 4, 256
HELD_BYTES = 64 << 20
"""Bytes of all bodies that are gathered here or wait for their answer; files are not, these flow through."""
FORM_BYTES = 64 << 10
"""What a body may always have of these: nobody's large bodies keep others from signing in."""
READ_SECONDS = 120.0
"""How long the web process may take for the next piece of an answer."""

_TIMEOUTS = {"timeout": httpx.Timeout(READ_SECONDS, connect=5, pool=20).as_dict()}
_PIECE_BYTES = 64 << 10
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding"}
    | {"upgrade"}
)
_MAY = frozenset({200, 204, 405})
"""What the pages answer to OPTIONS of somebody who may bring a file. That they know no OPTIONS they say only to who may enter."""
_OURS = frozenset({"forwarded", "x-real-ip", "host", "expect", FRONT_HEADER})


async def forward(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """Hand one HTTP request to the web process and its answer back, both as streams. While it is away: 503 with Retry-After."""
    await _front().handle(scope, receive, send)


async def close() -> None:
    """Close the connections to the web process, when the door shuts."""
    await _front().transport.aclose()
    _front.cache_clear()


@lru_cache(maxsize=1)
def _front() -> Front:
    config = Config.from_environment()
    return Front(config, Secrets.of(config).front_key)


class Front:
    """Forwards to the web process of one installation, at most so many requests at once."""

    def __init__(self, config: Config, key: str) -> None:
        self._trusted = networks(config.trusted_proxies)
        self._key = key
        self._requests = asyncio.Semaphore(REQUESTS_AT_ONCE)
        self._uploads = asyncio.Semaphore(UPLOADS_AT_ONCE)
        self._held = 0
        # The transport alone: what a client adds to it (cookies, redirects, decoding) is not wanted here and takes time. Its retries are of
        # connecting only; a request that was begun is never sent twice.
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=20)
        self.transport = httpx.AsyncHTTPTransport(uds=config.web_address, retries=1, limits=limits)

    async def handle(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Check what can be checked here, then forward."""
        length = _length(scope)
        is_file = is_upload(scope)
        if not scope["path"].startswith("/"):
            await _plain(send, 400, "This is no address.")
        elif length < 0:
            await _plain(send, 411, "The length of the body has to be said beforehand (Content-Length).")
        elif length > (UPLOAD_BYTES if is_file else BODY_BYTES):
            await _plain(send, 413, "This is too large.")
        elif is_file:
            await self._upload(scope, receive, send, length)
        else:
            await self._page(scope, receive, send, length)

    async def _page(self, scope: Mapping[str, Any], receive: Receive, send: Send, length: int) -> None:
        """Nobody works on a request before its body is there: whoever sends slowly takes no place from others."""
        body, held = bytearray(), 0
        try:
            async for piece in _body(receive, length):
                body += piece
                held += len(piece)
                self._held += len(piece)
                if self._held > HELD_BYTES and len(body) > FORM_BYTES:
                    await _away(scope, send)
                    return
            if self._requests.locked():
                await _away(scope, send)
                return
            async with self._requests:
                await self._forward(scope, receive, send, _pieces(body) if length else None)
        except _GoneAwayError:
            return
        finally:
            self._held -= held

    async def _upload(self, scope: Mapping[str, Any], receive: Receive, send: Send, length: int) -> None:
        """A file flows through, and takes one of few places for long: the pages are asked beforehand who may bring one."""
        if self._requests.locked() or self._uploads.locked():
            await _away(scope, send)
            return
        async with self._requests, self._uploads:
            refused = _Kept()
            await self._forward({**scope, "method": "OPTIONS"}, _nothing, refused.send, None)
            if refused.status in _MAY:
                await self._forward(scope, receive, send, _body(receive, length))
            else:
                await refused.give(send)

    async def _forward(self, scope: Mapping[str, Any], receive: Receive, send: Send, body: AsyncIterator[bytes] | None) -> None:
        headers = self._headers(scope, with_body=body is not None)
        request = httpx.Request(scope["method"], _target(scope), headers=headers, content=body, extensions=_TIMEOUTS)
        begun = False
        try:
            answer = await self.transport.handle_async_request(request)
            async with contextlib.aclosing(answer):
                begun = True
                await _hand_back(answer, receive, send)
        except _GoneAwayError:
            return
        except httpx.TimeoutException:
            if not begun:
                await _plain(send, 504, "This took too long.")
        except httpx.TransportError:
            if begun:
                raise
            await _away(scope, send)

    def _headers(self, scope: Mapping[str, Any], *, with_body: bool) -> list[tuple[bytes, bytes]]:
        """The request's headers without those that end here, and who asked, as we know it."""
        given = [(name.decode("latin-1").lower(), value) for name, value in scope["headers"]]
        named = {part.strip().lower() for name, value in given if name == "connection" for part in value.decode("latin-1").split(",")}
        ends = _HOP_BY_HOP | _OURS | named | (frozenset() if with_body else {"content-length"})
        # As bytes: a browser's name may have an umlaut.
        kept = [(name, value) for name, value in given if name not in ends and not name.startswith("x-forwarded-") and "_" not in name]
        client, scheme, host = who_asks(self._trusted, scope, [(name, value.decode("latin-1")) for name, value in given])
        ours = {"host": host, "x-forwarded-for": client, "x-forwarded-proto": scheme, "x-forwarded-host": host, FRONT_HEADER: self._key}
        return [
            (name.encode("latin-1"), value) for name, value in [*kept, *((name, said.encode("latin-1")) for name, said in ours.items())]
        ]


class _Kept:
    """An answer that is kept for now."""

    def __init__(self) -> None:
        self.status = 0
        self._messages: list[Message] = []

    async def send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self._messages.append(message)

    async def give(self, send: Send) -> None:
        for message in self._messages:
            await send(message)


def who_asks(trusted: Sequence[Network], scope: Mapping[str, Any], headers: list[tuple[str, str]]) -> tuple[str, str, str]:
    """The asker's address, the scheme and the host that they used; what proxies say of these is believed from trusted ones alone."""
    found = dict(reversed(headers))
    peer = (scope.get("client") or ("127.0.0.1", 0))[0]
    scheme, host = scope.get("scheme", "http"), found.get("host", "")
    if not is_in(peer, trusted):
        return peer, scheme, host
    client = caller(peer, [value.encode("latin-1") for name, value in headers if name == "x-forwarded-for"], trusted)
    proto = found.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
    return client, proto if proto in {"http", "https"} else scheme, found.get("x-forwarded-host", "").rpartition(",")[2].strip() or host


def is_upload(scope: Mapping[str, Any]) -> bool:
    """Whether the request brings a file that flows through; a smaller one is gathered like any other body."""
    return scope.get("path", "").startswith(UPLOADS) and _length(scope) > BODY_BYTES


class _GoneAwayError(Exception):
    """Whoever asked has closed the connection."""


def _target(scope: Mapping[str, Any]) -> httpx.URL:
    raw = scope.get("raw_path") or scope["path"].encode()
    # Joined as bytes: `//elsewhere/x` is a path here, never another host.
    return httpx.URL("http://web/").copy_with(raw_path=raw + (b"?" + scope["query_string"] if scope["query_string"] else b""))


def _length(scope: Mapping[str, Any]) -> int:
    """The body's length; -1 when it is not said."""
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return -1
    given = headers.get(b"content-length", b"0")
    return int(given) if given.isdigit() and len(given) < 20 else -1


async def _body(receive: Receive, length: int) -> AsyncIterator[bytes]:
    rest = length
    while rest > 0:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _GoneAwayError
        piece = message.get("body", b"")
        rest -= len(piece)
        if piece:
            yield piece
        if not message.get("more_body"):
            break


async def _pieces(body: bytearray) -> AsyncIterator[bytes]:
    """A gathered body, never a second time as a whole."""
    for start in range(0, len(body), _PIECE_BYTES):
        yield bytes(memoryview(body)[start : start + _PIECE_BYTES])


async def _hand_back(answer: httpx.Response, receive: Receive, send: Send) -> None:
    ends = _HOP_BY_HOP | {"server", "date"}
    headers = [(name.lower(), value) for name, value in answer.headers.raw if name.lower().decode("latin-1") not in ends]
    await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        async for piece in answer.aiter_raw():
            if gone.done():
                return
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _nothing() -> Message:
    """What is received where the body is not to be touched yet."""
    return await asyncio.get_running_loop().create_future()


async def _plain(send: Send, status: int, text: str) -> None:
    await _answer(send, status, text.encode() + b"\n", [(b"content-type", b"text/plain; charset=utf-8")])


_AWAY_PAGE = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Regulars</title><meta name="viewport" content="width=device-width">%s</head>
<body><h1>One moment</h1><p>Regulars is starting. This page tries again by itself.</p>
<p lang="de">Regulars startet gerade. Diese Seite versucht es von selbst wieder.</p></body></html>
"""


async def _away(scope: Mapping[str, Any], send: Send) -> None:
    again = (b"retry-after", b"2")
    accepts = dict(scope["headers"]).get(b"accept", b"")
    if b"text/html" not in accepts:
        said = json.dumps({"error": "The web process is starting; try again."}).encode()
        await _answer(send, 503, said, [again, (b"content-type", b"application/json")])
        return
    reload = b'<meta http-equiv="refresh" content="2">' if scope["method"] == "GET" else b""
    policy = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
    await _answer(send, 503, _AWAY_PAGE % reload, [again, policy, (b"content-type", b"text/html; charset=utf-8")])


async def _answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    sizes = [(b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *sizes]})
    await send({"type": "http.response.body", "body": body})
