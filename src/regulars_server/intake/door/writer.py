"""The writer: one thread that stores all requests that wait in one durable commit, and then tells all of them at once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from regulars_server.intake.door.inbox import DoorCount

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars_server.intake.door.inbox import Inbox, InboxRow

MAX_ROWS, MAX_BYTES = 10_000, 64 << 20
"""What may wait; whatever comes beyond is told to come again."""
_ROWS_AT_ONCE, _BYTES_AT_ONCE = 1000, 8 << 20
_PATIENCE = 10.0
"""Seconds that a request waits for its commit."""
COUNTED_EVERY = 1.0
"""Seconds between two writings of what was counted."""

_log = logging.getLogger(__name__)
_Waiting = tuple["InboxRow", "asyncio.Future[bool]"]


class NotStored(Exception):
    """The row could not be stored now: the disk is full, or the database is away or too slow."""


class Writer:
    """Takes rows from the event loop and stores them. All methods belong to the loop's thread."""

    def __init__(self, opening: Callable[[], Inbox]) -> None:
        self._opening = opening
        self._inbox: Inbox | None = None
        self._queue: queue.SimpleQueue[_Waiting | list[DoorCount] | None] = queue.SimpleQueue()
        self._counts: dict[tuple[int, str, str], list[int]] = {}
        self._handed = False
        self._since: deque[tuple[float, asyncio.Future[bool]]] = deque()
        self._rows = self._bytes = 0
        self._stopping = False
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin to store."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        self._ticking = self._loop.call_later(COUNTED_EVERY, self._tick)

    async def stop(self) -> None:
        """Store everything that waits, and end."""
        self._ticking.cancel()
        self._hand_counts()
        self._stopping = True
        self._queue.put(None)
        await self._loop.run_in_executor(None, self._thread.join, 30)

    def submit(self, row: InboxRow) -> asyncio.Future[bool] | None:
        """Put a row in the queue; the future says whether it was new, once it is durable. None when the queue is full."""
        size = len(row.body)
        if self._rows >= MAX_ROWS or self._bytes + size > MAX_BYTES or self._stopping:
            return None
        self._rows += 1
        self._bytes += size
        future = self._loop.create_future()
        self._since.append((self._loop.time(), future))
        self._queue.put((row, future))
        return future

    def count(self, source: str, outcome: str, events: int, size: int) -> None:
        """Count a request; it is written with a commit of the next second."""
        key = (int(time.time()) // 60, source, outcome)
        found = self._counts.get(key)
        if found is None:
            self._counts[key] = [1, events, size]
        else:
            found[0] += 1
            found[1] += events
            found[2] += size

    def _tick(self) -> None:
        self._ticking = self._loop.call_later(COUNTED_EVERY, self._tick)
        oldest = self._loop.time() - _PATIENCE
        while self._since and (self._since[0][1].done() or self._since[0][0] < oldest):
            _refuse(self._since.popleft()[1])
        self._hand_counts()

    def _hand_counts(self) -> None:
        if self._counts and not self._handed:
            self._handed = True
            self._queue.put([DoorCount(*key, *found) for key, found in self._counts.items()])
            self._counts = {}

    def _done(self, waiting: list[_Waiting], new: list[bool] | None, counts: list[DoorCount]) -> None:
        self._rows -= len(waiting)
        self._bytes -= sum(len(row.body) for row, _ in waiting)
        for place, (_, future) in enumerate(waiting):
            if new is None:
                _refuse(future)
            elif not future.done():
                future.set_result(new[place])
        while self._since and self._since[0][1].done():
            self._since.popleft()
        if counts:
            self._handed = False
            if new is None:
                self._take_back(counts)

    def _take_back(self, counts: list[DoorCount]) -> None:
        for count in counts:
            found = self._counts.setdefault((count.minute, count.source, count.outcome), [0, 0, 0])
            for place, value in enumerate((count.requests, count.events, count.bytes)):
                found[place] += value

    # From here on: the writer's own thread.

    def _run(self) -> None:
        ended = False
        while not ended:
            waiting, counts, ended = self._gather()
            self._commit(waiting, counts)
        if self._inbox is not None:
            self._inbox.close()

    def _gather(self) -> tuple[list[_Waiting], list[DoorCount], bool]:
        waiting: list[_Waiting] = []
        counts: list[DoorCount] = []
        size = 0
        item = self._queue.get()
        while True:
            if item is None:
                return waiting, counts, True
            if isinstance(item, list):
                counts = item
            else:
                waiting.append(item)
                size += len(item[0].body)
            if len(waiting) >= _ROWS_AT_ONCE or size >= _BYTES_AT_ONCE:
                return waiting, counts, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return waiting, counts, False

    def _commit(self, waiting: list[_Waiting], counts: list[DoorCount]) -> None:
        if not waiting and not counts:
            return
        new: list[bool] | None = None
        try:
            if self._inbox is None:
                self._inbox = self._opening()
            new = self._inbox.append([row for row, _ in waiting], counts)
        except Exception as error:  # noqa: BLE001 - whatever keeps it from being stored, the sender is told to come again
            if len(waiting) > 1 and _is_of_a_row(error):
                half = len(waiting) // 2
                self._commit(waiting[:half], counts)
                self._commit(waiting[half:], [])
                return
            if not self._failed:
                _log.error("Requests cannot be stored (%s); senders are told to come again.", type(error).__name__)
        if self._failed and new is not None:
            _log.error("Requests are stored again.")
        self._failed = new is None
        with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            self._loop.call_soon_threadsafe(self._done, waiting, new, counts)


def _refuse(future: asyncio.Future[bool]) -> None:
    if not future.done():
        future.set_exception(NotStored())
        # A client that went away does not ask.
        future.exception()


def _is_of_a_row(error: Exception) -> bool:
    """Whether a row is the trouble, and not the store: a value that cannot be written, rather than a full disk or a database that is away."""
    return isinstance(error, ValueError | TypeError | OverflowError) or any(base.__name__ == "DataError" for base in type(error).__mro__)
