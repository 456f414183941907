"""The door: Segment's HTTP API, browsers, webhooks. A request is answered with 200 once it is durable in the inbox."""

from __future__ import annotations

import contextlib
import importlib
import time
from typing import TYPE_CHECKING, Any

from regulars_server.intake.door import browsers, signatures
from regulars_server.intake.door.addresses import caller, kept, networks
from regulars_server.intake.door.answers import AGAIN, GONE, OK, ONLY_POST, Answer, refusal
from regulars_server.intake.door.bodies import Bodies, Gone, TooBusy, TooLarge, Unpackable, unpack
from regulars_server.intake.door.frames import NoFrame, TooMany, frame_of
from regulars_server.intake.door.inbox import InboxRow, open_inbox
from regulars_server.intake.door.known_sources import Unreadable, key_in, known_sources
from regulars_server.intake.door.writer import NotStored, Writer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from regulars_server.config import Config
    from regulars_server.intake.door.known_sources import KnownSource

    Scope = dict[str, Any]
    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

KINDS = {
    **{f"/v1/{kind}": kind for kind in ("track", "identify", "page", "screen", "group", "alias", "batch")},
    "/v1/import": "batch",
    **{f"/v1/{kind[0]}": kind for kind in ("track", "identify", "page", "screen", "group", "alias", "batch")},
}
"""Addresses of events. The single letters are what browsers call; `page` and `screen` are `p` and `s`."""
_FRONT = "regulars_server.intake.door.front"


class Refused(Exception):
    """The request is answered with something else than success."""

    def __init__(self, answer: Answer, outcome: str, source: str = "", size: int = 0) -> None:
        super().__init__(outcome)
        self.answer, self.outcome, self.source, self.size = answer, outcome, source, size


class Door:
    """The ASGI application of an installation: `/v1/` is answered here, everything else goes on to the web process."""

    def __init__(self, config: Config) -> None:
        self._sources = known_sources(config)
        self._writer = Writer(lambda: open_inbox(config))
        self._bodies = Bodies()
        self._trusted = networks(config.trusted_proxies)
        self._public_url = config.public_url
        self._front: Any = None
        self._went_to_front = False
        with contextlib.suppress(ImportError):
            self._front = importlib.import_module(_FRONT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        path: str = scope["path"]
        if not path.startswith("/v1/"):
            if self._front is None:
                await AGAIN.send(send)
            else:
                self._went_to_front = True
                await self._front.forward(scope, receive, send)
            return
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        answer = await self._answer(path, scope, headers, receive)
        await (answer.send(send) if origin is None else answer.to_browser(origin).send(send))

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._sources.start()
        self._writer.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._writer.stop()
        self._sources.stop()
        if self._went_to_front:
            await self._front.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, path: str, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Answer:
        method = scope["method"]
        kind = KINDS.get(path) or KINDS.get(path.rstrip("/"))
        try:
            if method == "OPTIONS":
                return browsers.preflight(headers, self._sources.allow_anywhere)
            if kind is not None:
                return await self._take(kind, scope, headers, receive) if method == "POST" else ONLY_POST
            if path.startswith("/v1/webhooks/"):
                slug = path.removeprefix("/v1/webhooks/").strip("/")
                return await self._take_webhook(slug, scope, headers, receive) if method == "POST" else ONLY_POST
            if method in {"GET", "HEAD"}:
                return await browsers.file(path, headers, self._sources, self._public_url) or refusal(404, "There is nothing here.")
            return refusal(404, "There is nothing here.")
        except Refused as refused:
            self._writer.count(refused.source, refused.outcome, 0, refused.size)
            return refused.answer
        except Gone:
            return GONE
        except (Unreadable, NotStored, TooBusy):
            self._writer.count("", "busy", 0, 0)
            return AGAIN

    async def _take(self, kind: str, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Answer:
        body = await self._body(scope, receive)
        if b"content-encoding" in headers:
            body = _unpacked(body, headers[b"content-encoding"])
        try:
            frame, body = frame_of(body)
        except NoFrame as error:
            raise Refused(refusal(400, f"The body is refused: {error}."), "refused.no_json", size=len(body)) from None
        authorization = headers.get(b"authorization", b"")
        source = self._sources.at_once(authorization) or await self._known(key_in(authorization) or frame.key, len(body))
        origin = headers.get(b"origin")
        if origin is not None and not source.allows(origin.decode("latin-1")):
            raise Refused(refusal(403, "Pages of this origin may not send here."), "refused.origin", source.slug, len(body))
        try:
            events = frame.events(kind)
        except NoFrame as error:
            raise Refused(refusal(400, f"The body is refused: {error}."), "refused.no_json", source.slug, len(body)) from None
        except TooMany:
            raise Refused(refusal(413, "A batch may have 50,000 events."), "refused.too_large", source.slug, len(body)) from None
        return await self._store(source, kind, body, events, self._about(source, scope, headers))

    async def _take_webhook(self, slug: str, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Answer:
        body = await self._body(scope, receive)
        source = await self._sources.of_slug(slug)
        if source is None or source.kind not in {"shopify", "stripe"}:
            raise Refused(refusal(404, "There is no such webhook."), "refused.unknown_webhook", size=len(body))
        if not signatures.is_genuine(source.kind, secret=source.signing_secret, body=body, headers=headers, now=time.time()):
            raise Refused(refusal(401, "The signature does not fit."), "refused.signature", slug, len(body))
        try:
            frame_of(body)
        except NoFrame as error:
            raise Refused(refusal(400, f"The body is refused: {error}."), "refused.no_json", slug, len(body)) from None
        return await self._store(source, source.kind, body, 1, signatures.about(source.kind, body=body, headers=headers))

    async def _store(self, source: KnownSource, kind: str, body: bytes, events: int, about: dict[str, Any]) -> Answer:
        size = len(body)
        if not source.enabled:
            self._writer.count(source.slug, "dropped", events, size)
            return OK
        if events == 0:
            return OK
        future = self._writer.submit(InboxRow(0, time.time_ns() // 1000, source.slug, kind, body, about))
        if future is None:
            raise Refused(AGAIN, "busy", source.slug, size)
        is_new = await future
        self._writer.count(source.slug, "accepted" if is_new else "replayed", events, size)
        return OK

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        try:
            return await self._bodies.read(scope["headers"], receive)
        except TooLarge:
            raise Refused(refusal(413, "A body may have 4 MiB."), "refused.too_large") from None

    async def _known(self, key: str | None, size: int) -> KnownSource:
        source = await self._sources.of_key(key) if key else None
        if source is None:
            raise Refused(refusal(401, "The write key is unknown."), "refused.unknown_key", size=size)
        return source

    def _about(self, source: KnownSource, scope: Scope, headers: dict[bytes, bytes]) -> dict[str, Any]:
        """A browser's network and name; the address of a company's own server says nothing of its customers."""
        if source.kind != "browser":
            return {}
        about: dict[str, Any] = {}
        peer = scope["client"][0] if scope.get("client") else ""
        forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        ip = kept(caller(peer, forwarded, self._trusted), source.ip)
        if ip is not None:
            about["ip"] = ip
        if b"user-agent" in headers:
            about["user_agent"] = headers[b"user-agent"].decode("latin-1")[:500]
        return about


def _unpacked(body: bytes, encoding: bytes) -> bytes:
    try:
        return unpack(body, encoding)
    except TooLarge:
        raise Refused(refusal(413, "A body may have 4 MiB when unpacked."), "refused.too_large", size=len(body)) from None
    except Unpackable:
        raise Refused(refusal(400, "The body is not what its Content-Encoding says."), "refused.no_json", size=len(body)) from None
