"""Connections that end: clients that send their headers or bodies too slowly, headers that are too large, requests that queue up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from regulars_server.intake.door.front import is_upload

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_HEADERS = 64 << 10
"""Bytes of an address and its headers."""
ALL_HEADERS = 64 << 20
"""The same of all requests that are not there yet: thousands of connections with large headers would be more than the machine has."""
FEW_HEADERS = 8 << 10
"""What a connection may always hold of these: above `ALL_HEADERS` goes who holds much, not who speaks next."""
QUEUE, QUEUED_BYTES = 16, 2 << 10
"""Requests of one connection that may wait for the answer to one before them; what such a one takes beside its headers."""
HEADERS_WITHIN, SILENCE, BODY_WITHIN = 15.0, 20.0, 90.0
"""Seconds: until the headers are there; without a byte of the body; until the body is there, unless it is a file."""
EVERY = 1.0
"""Seconds between two looks for late connections."""
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Connection(HttpToolsProtocol):
    """A connection that knows since when it waits for its client."""

    waits_since: float | None = None
    heard_at = 0.0
    in_headers = True
    header_bytes = 0
    """Of the request that is not there yet; from the first byte of its headers to the last of its body."""
    chunk = 0
    """Bytes that came last, as long as no request begins in them."""
    all_headers = 0
    """Of the class: `header_bytes` and `queued_bytes` of all connections together."""
    queued_bytes = 0
    """Of the requests that are there and wait for the answer to one before them."""
    refused = False
    """Nothing more is read from the client."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        # The server itself would answer without saying when to come again, and keep the connection.
        self.at_most, self.limit_concurrency = self.limit_concurrency, None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """A client came: its headers must follow. One too many is not kept, or there would be no file left to store events in."""
        super().connection_made(transport)
        self.waits_since = self.heard_at = self.loop.time()
        if self.at_most is not None and len(self.connections) > self.at_most:
            self._end_busy()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client went, and its headers with it."""
        self._hold(0)
        self._queue(0)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came. Headers that never end would be gathered without bound by the parser."""
        if self.refused:
            return
        self.heard_at = self.loop.time()
        self.chunk = len(data)
        if self.in_headers and self.header_bytes:
            self._hold(self.header_bytes + len(data))
        super().data_received(data)
        if self.in_headers and self.header_bytes > MAX_HEADERS and not self.transport.is_closing():
            self.send_400_response("Headers too large.")
        elif self.header_bytes + self.queued_bytes > FEW_HEADERS and Connection.all_headers > ALL_HEADERS:
            self._end_busy()

    def on_message_begin(self) -> None:
        """A request begins. Of one that begins amid what came it is not known how much of that is its own."""
        if len(self.pipeline) >= QUEUE:
            # The parser gives up, which ends in `send_400_response`. Each would take two thousand bytes for the thirty that it came in.
            raise OverflowError
        super().on_message_begin()
        self.waits_since, self.in_headers = self.heard_at, True
        self._hold(self.chunk or MAX_HEADERS // 4)
        self.chunk = 0

    def on_headers_complete(self) -> None:
        """The headers are there; the body follows."""
        self.in_headers = False
        if self.header_bytes > 4096:
            # Much of what came may be of the body, which is counted by whoever reads it.
            self._hold(len(self.url) + sum(len(name) + len(value) for name, value in self.headers))
        queued = len(self.pipeline)
        super().on_headers_complete()
        if len(self.pipeline) > queued:
            self._queue(self.queued_bytes + self.header_bytes + QUEUED_BYTES)

    def on_message_complete(self) -> None:
        """The request is there: from now on the client waits for us."""
        self.waits_since, self.in_headers = None, True
        self._hold(0)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is given; the next one in the queue has its turn."""
        super().on_response_complete()
        if not self.pipeline:
            self._queue(0)

    def send_400_response(self, msg: str) -> None:
        """Refuse what came. Answers that are owed are given first, the last of them says that the connection ends with it."""
        self.refused = True
        if self._owes():
            self.cycle.keep_alive, self.waits_since = False, None
            self._hold(0)
        else:
            super().send_400_response(msg)

    def _owes(self) -> bool:
        return self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete

    def _hold(self, size: int) -> None:
        Connection.all_headers += size - self.header_bytes
        self.header_bytes = size

    def _queue(self, size: int) -> None:
        Connection.all_headers += size - self.queued_bytes
        self.queued_bytes = size

    def _end_busy(self) -> None:
        if self.transport.is_closing():
            return
        if not self._owes():
            self.transport.write(_BUSY)
        self.transport.close()

    def is_late(self, now: float) -> bool:
        """Whether the client took too long. Uploads to the web process may take their time, as long as something comes."""
        if self.waits_since is None:
            return False
        if self.in_headers:
            return now - self.waits_since > HEADERS_WITHIN
        if self.flow.read_paused:
            # It is us who do not read: the web process is busy with what came before.
            self.heard_at = now
        return now - self.heard_at > SILENCE or (now - self.waits_since > BODY_WITHIN and not is_upload(self.scope))


async def end_late_ones(connections: Iterable[Any]) -> None:
    """End late connections again and again, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(EVERY)
        now = loop.time()
        for connection in list(connections):
            if isinstance(connection, Connection) and connection.is_late(now):
                connection.transport.abort()
