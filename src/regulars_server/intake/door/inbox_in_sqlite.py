"""The inbox in an SQLite file of its own: write-ahead log, every commit on the disk before it is acknowledged."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

from regulars_server.intake.door.inbox import DoorCount, InboxRow, encode_about, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, received_at INTEGER NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    source TEXT NOT NULL, delivery TEXT NOT NULL, received_at INTEGER NOT NULL, PRIMARY KEY (source, delivery)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counts (
    minute INTEGER NOT NULL, source TEXT NOT NULL, outcome TEXT NOT NULL,
    requests INTEGER NOT NULL, events INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (minute, source, outcome)
) WITHOUT ROWID;
"""
_START = "INSERT INTO sqlite_sequence SELECT 'inbox', ? WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'inbox')"
"""Ids begin at the microsecond of the file's birth. One that takes the place of a lost file is above every id that the loader has had; from one on,
its rows would lie before the loader's place and never be read."""
_INSERT = "INSERT INTO inbox (received_at, source, kind, body, about) VALUES (?, ?, ?, ?, ?)"
_SEEN = "INSERT INTO deliveries VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_COUNT = """
INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (minute, source, outcome)
DO UPDATE SET requests = requests + excluded.requests, events = events + excluded.events, bytes = bytes + excluded.bytes
"""
_REMOVED_AT_ONCE = 200
_KEPT_PAGES = 16_384
"""64 MB that stay for the next rows: a file that shrinks and grows all day costs more than it saves."""
_SHRUNK_AT_MOST = 2
"""Steps of 1,000 pages (4 MB) at the end of each removal."""


class SqliteInbox:
    """See `Inbox`. `gate` is the file whose lock makes writers of several processes take turns: SQLite's own waiting is no queue."""

    def __init__(self, path: Path, *, gate: Path) -> None:
        self._gate = gate
        self._lock = threading.Lock()
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._connection = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
        with self._turn():
            for pragma in (
                "auto_vacuum=INCREMENTAL",
                "journal_mode=WAL",
                "synchronous=FULL",
                "journal_size_limit=67108864",
                "secure_delete=FAST",
            ):
                self._connection.execute(f"PRAGMA {pragma}").fetchall()
            self._connection.executescript(_TABLES)
            self._connection.execute(_START, (time.time_ns() // 1000,))

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        with self._lock:
            descriptor = os.open(self._gate, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._turn():
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled back already.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def append(self, rows: Sequence[InboxRow], counts: Sequence[DoorCount] = ()) -> list[bool]:
        """Store all rows in one durable commit and add the counts; says for each row whether it is new."""
        with self._writing() as connection:
            new = [not row.delivery or _is_first(connection, row) for row in rows]
            kept = (row for row, is_new in zip(rows, new, strict=True) if is_new)
            connection.executemany(_INSERT, ((row.received_at, row.source, row.kind, row.body, encode_about(row.about)) for row in kept))
            connection.executemany(_COUNT, ((c.minute, c.source, c.outcome, c.requests, c.events, c.bytes) for c in counts))
        return new

    def read(self, after: int, max_rows: int, max_bytes: int) -> list[InboxRow]:
        """The next rows after an id, at most so many and so many bytes of bodies, but at least one if there is one."""
        query = "SELECT id, received_at, source, kind, body, about FROM inbox WHERE id > ? ORDER BY id LIMIT ?"
        with self._lock, contextlib.closing(self._connection.execute(query, (after, max_rows))) as cursor:
            return within(cursor, max_bytes)

    def remove(self, up_to: int) -> None:
        """Forget all rows up to and with an id, a few at a time so that the door never waits long."""
        while True:
            with self._writing() as connection:
                query = "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE id <= ? ORDER BY id LIMIT ?)"
                gone = connection.execute(query, (up_to, _REMOVED_AT_ONCE)).rowcount
            if gone < _REMOVED_AT_ONCE:
                break
        self._shrink()

    def _shrink(self) -> None:
        """Give room back to the disk after a rush, in steps for which the door can wait; some is kept for the next rows."""
        for _ in range(_SHRUNK_AT_MOST):
            with self._turn():
                if self._connection.execute("PRAGMA freelist_count").fetchone()[0] <= _KEPT_PAGES:
                    return
                # Each page that moves is a row without columns, at the first of which `execute` would stop.
                self._connection.executescript("PRAGMA incremental_vacuum(1000)")

    def backlog(self) -> tuple[int, int | None]:
        """How many rows wait, and when the oldest was received."""
        with self._lock:
            rows, oldest = self._connection.execute("SELECT count(*), min(received_at) FROM inbox").fetchone()
        return rows, oldest

    def counts(self, since: int, until: int) -> list[DoorCount]:
        """What the door counted from minute `since` until before minute `until`."""
        with self._lock:
            found = self._connection.execute("SELECT * FROM counts WHERE minute >= ? AND minute < ? ORDER BY 1, 2, 3", (since, until))
            return [DoorCount(*row) for row in found]

    def rewrite(self, number: int, body: bytes | None) -> None:
        """Put another body in a row's place, or take the row out: its pages are overwritten, and the write-ahead log is emptied."""
        with self._lock:
            self._connection.execute("PRAGMA secure_delete=ON").fetchall()
        try:
            with self._writing() as connection:
                if body is None:
                    connection.execute("DELETE FROM inbox WHERE id = ?", (number,))
                else:
                    connection.execute("UPDATE inbox SET body = ? WHERE id = ?", (body, number))
        finally:
            with self._turn():
                self._connection.execute("PRAGMA secure_delete=FAST").fetchall()
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def sweep(self) -> None:
        """Give back all free pages, in which rows that were loaded still stand, in steps for which the door can wait; empty the write-ahead log."""
        free, before = 1, 0
        while free and free != before:
            with self._turn():
                before = self._connection.execute("PRAGMA freelist_count").fetchone()[0]
                self._connection.executescript("PRAGMA incremental_vacuum(1000)")
                free = self._connection.execute("PRAGMA freelist_count").fetchone()[0]
        with self._turn():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def expire(self, before: int) -> int:
        """Forget counts and recognised webhooks from before an instant; says how many."""
        with self._writing() as connection:
            counts = connection.execute("DELETE FROM counts WHERE minute < ?", (before // 60_000_000,)).rowcount
            return counts + connection.execute("DELETE FROM deliveries WHERE received_at < ?", (before,)).rowcount

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


def _is_first(connection: sqlite3.Connection, row: InboxRow) -> bool:
    return connection.execute(_SEEN, (row.source, row.delivery, row.received_at)).rowcount == 1
