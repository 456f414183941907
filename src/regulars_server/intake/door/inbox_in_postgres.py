"""The inbox in PostgreSQL: rows by COPY, and one writer at a time so that ids ascend in the order of commits."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import psycopg

from regulars_server.intake.door.inbox import DoorCount, InboxRow, encode_about, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TABLES = """
CREATE SCHEMA IF NOT EXISTS regulars;
CREATE TABLE IF NOT EXISTS regulars.inbox (
    id bigserial PRIMARY KEY, received_at bigint NOT NULL, source text NOT NULL, kind text NOT NULL, body bytea NOT NULL, about text NOT NULL
);
CREATE TABLE IF NOT EXISTS regulars.inbox_deliveries (
    source text NOT NULL, delivery text NOT NULL, received_at bigint NOT NULL, PRIMARY KEY (source, delivery)
);
CREATE TABLE IF NOT EXISTS regulars.inbox_counts (
    minute bigint NOT NULL, source text NOT NULL, outcome text NOT NULL,
    requests bigint NOT NULL, events bigint NOT NULL, bytes bigint NOT NULL, PRIMARY KEY (minute, source, outcome)
);
"""
_COPY = "COPY regulars.inbox (received_at, source, kind, body, about) FROM STDIN (FORMAT binary)"
_SEEN = "INSERT INTO regulars.inbox_deliveries VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_COUNT = """
INSERT INTO regulars.inbox_counts AS old VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (minute, source, outcome)
DO UPDATE SET requests = old.requests + excluded.requests, events = old.events + excluded.events, bytes = old.bytes + excluded.bytes
"""
_WRITER, _MAKER = 4741, 4742
"""Advisory locks of this file alone: who appends, and who makes the tables."""


class PostgresInbox:
    """See `Inbox`. A connection that breaks is opened anew at the next call."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None
        with self._transaction() as connection:
            if connection.execute("SELECT to_regclass('regulars.inbox_counts')").fetchone() != (None,):
                return
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKER,))
            for statement in _TABLES.split(";\n"):
                connection.execute(statement.encode())

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[psycopg.Connection]:
        with self._lock:
            if self._connection is None or self._connection.closed:
                # Notices such as "already exists" are no news; without keepalives a vanished server would be waited for without end.
                options = "-c client_min_messages=warning -c synchronous_commit=on -c lock_timeout=20s -c statement_timeout=60s"
                self._connection = psycopg.connect(
                    self._url,
                    connect_timeout=3,
                    options=options,
                    keepalives_idle=10,
                    keepalives_interval=5,
                    keepalives_count=3,
                    tcp_user_timeout=20_000,
                )
            try:
                with self._connection.transaction():
                    yield self._connection
            except psycopg.Error as error:
                # Also a server that became another's shadow and only reads: the next connection may find its successor.
                if not isinstance(error, psycopg.DataError):
                    self._connection.close()
                raise

    def append(self, rows: Sequence[InboxRow], counts: Sequence[DoorCount] = ()) -> list[bool]:
        """Store all rows in one durable commit and add the counts; says for each row whether it is new."""
        with self._transaction() as connection:
            # Numbers are drawn while the lock is held, until the commit: a lower id never appears after a higher one.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITER,))
            new = [not row.delivery or _is_first(connection, row) for row in rows]
            with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
                copy.set_types(("int8", "text", "text", "bytea", "text"))
                for row, is_new in zip(rows, new, strict=True):
                    if is_new:
                        copy.write_row((row.received_at, row.source, row.kind, row.body, encode_about(row.about)))
            if counts:
                with connection.cursor() as cursor:
                    cursor.executemany(_COUNT, [(c.minute, c.source, c.outcome, c.requests, c.events, c.bytes) for c in counts])
        return new

    def read(self, after: int, max_rows: int, max_bytes: int) -> list[InboxRow]:
        """The next rows after an id, at most so many and so many bytes of bodies, but at least one if there is one."""
        # The server adds up the sizes, so that bodies beyond the limit never travel.
        query = """
        WITH sized AS (
            SELECT id, sum(octet_length(body)) OVER (ORDER BY id) AS size, row_number() OVER (ORDER BY id) AS place
            FROM (SELECT id, body FROM regulars.inbox WHERE id > %s ORDER BY id LIMIT %s) AS next
        )
        SELECT id, received_at, source, kind, body, about FROM regulars.inbox JOIN sized USING (id) WHERE size <= %s OR place = 1 ORDER BY id
        """
        with self._transaction() as connection, connection.cursor(binary=True) as cursor:
            return within(cursor.execute(query, (after, max_rows, max_bytes)), max_bytes)

    def remove(self, up_to: int) -> None:
        """Forget all rows up to and with an id."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM regulars.inbox WHERE id <= %s", (up_to,))

    def backlog(self) -> tuple[int, int | None]:
        """How many rows wait, and when the oldest was received."""
        with self._transaction() as connection:
            found = connection.execute("SELECT count(*), min(received_at) FROM regulars.inbox").fetchone()
        return found or (0, None)

    def counts(self, since: int, until: int) -> list[DoorCount]:
        """What the door counted from minute `since` until before minute `until`."""
        query = "SELECT * FROM regulars.inbox_counts WHERE minute >= %s AND minute < %s ORDER BY 1, 2, 3"
        with self._transaction() as connection:
            return [DoorCount(*row) for row in connection.execute(query, (since, until))]

    def rewrite(self, number: int, body: bytes | None) -> None:
        """Put another body in a row's place, or take the row out."""
        with self._transaction() as connection:
            if body is None:
                connection.execute("DELETE FROM regulars.inbox WHERE id = %s", (number,))
            else:
                connection.execute("UPDATE regulars.inbox SET body = %s WHERE id = %s", (body, number))

    def sweep(self) -> None:
        """The server overwrites what was taken out when it needs the room; there is nothing to do here."""

    def expire(self, before: int) -> int:
        """Forget counts and recognised webhooks from before an instant; says how many."""
        with self._transaction() as connection:
            counts = connection.execute("DELETE FROM regulars.inbox_counts WHERE minute < %s", (before // 60_000_000,)).rowcount
            return counts + connection.execute("DELETE FROM regulars.inbox_deliveries WHERE received_at < %s", (before,)).rowcount

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()


def _is_first(connection: psycopg.Connection, row: InboxRow) -> bool:
    return connection.execute(_SEEN, (row.source, row.delivery, row.received_at)).rowcount == 1
