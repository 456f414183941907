"""Connections that end: clients that send their headers or bodies too slowly, headers that are too large."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_HEADERS = 64 << 10
"""Bytes of an address and its headers."""
HEADERS_WITHIN, SILENCE, BODY_WITHIN = 15.0, 20.0, 90.0
"""Seconds: until the headers are there; without a byte of the body; until the body of an event is there."""
EVERY = 1.0
"""Seconds between two looks for late connections."""


class Connection(HttpToolsProtocol):
    """A connection that knows since when it waits for its client."""

    waits_since: float | None = None
    heard_at = 0.0
    in_headers = True
    header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:
        """A client came: its headers must follow."""
        super().connection_made(transport)
        self.waits_since = self.heard_at = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Bytes came. Headers that never end would be gathered without bound by the parser."""
        self.heard_at = self.loop.time()
        if self.in_headers:
            self.header_bytes += len(data)
        super().data_received(data)
        if self.in_headers and self.header_bytes > MAX_HEADERS and not self.transport.is_closing():
            self.send_400_response("Headers too large.")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.waits_since, self.in_headers = self.heard_at, True

    def on_headers_complete(self) -> None:
        """The headers are there; the body follows."""
        self.in_headers, self.header_bytes = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is there: from now on the client waits for us."""
        self.waits_since, self.in_headers = None, True
        super().on_message_complete()

    def is_late(self, now: float) -> bool:
        """Whether the client took too long. Uploads to the web process may take their time, as long as something comes."""
        if self.waits_since is None:
            return False
        if self.in_headers:
            return now - self.waits_since > HEADERS_WITHIN
        if self.flow.read_paused:
            # It is us who do not read: the web process is busy with what came before.
            self.heard_at = now
        is_event = self.scope.get("path", "").startswith("/v1/")
        return now - self.heard_at > SILENCE or (is_event and now - self.waits_since > BODY_WITHIN)


async def end_late_ones(connections: Iterable[Any]) -> None:
    """End late connections again and again, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(EVERY)
        now = loop.time()
        for connection in list(connections):
            if isinstance(connection, Connection) and connection.is_late(now):
                connection.transport.abort()
