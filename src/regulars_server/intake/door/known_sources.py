"""Which keys open the door: the sources, read from the operational database at most a second late."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regulars_server.config import Config

_COLUMNS = "slug, kind, write_key, previous_key, previous_until, signing_secret, enabled, ip, allowed_origins"
MAX_AGE = 0.5
"""Seconds after which the table is read again."""
_SOONEST = 0.05
"""Seconds between two readings, however many unknown keys come: these wait for the next one together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSource:
    """A source as the door needs it."""

    slug: str
    kind: str
    keys: tuple[str, ...]
    signing_secret: str
    enabled: bool
    ip: str
    allowed_origins: frozenset[str]

    def allows(self, origin: str) -> bool:
        """Whether pages of an origin may send here."""
        return not self.allowed_origins or origin in self.allowed_origins


class Unreadable(Exception):
    """The sources cannot be read now: nobody can say whether a key is known."""


class Table(Protocol):
    """Where the sources stand."""

    def rows(self) -> Iterable[tuple[Any, ...]]:
        """All sources; raises anything when they cannot be read."""
        ...

    def close(self) -> None: ...


class KnownSources:
    """The sources by key and by slug. A thread reads them again and again; an unknown key has them read at once."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._reading = threading.Lock()
        self._tried_at = self._read_at = float("-inf")
        self._next: asyncio.Task[None] | None = None
        self._by_key: dict[str, KnownSource] = {}
        self._by_header: dict[bytes, KnownSource] = {}
        self._by_slug: dict[str, KnownSource] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_fresh, name="sources", daemon=True)

    def start(self) -> None:
        """Read for the first time, and go on in a thread."""
        self.read_again()
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join(timeout=5)
        with self._reading:
            self._table.close()

    def at_once(self, authorization: bytes) -> KnownSource | None:
        """The source whose key stands in a header `Authorization`, when it is among those read last."""
        return self._by_header.get(authorization)

    async def of_key(self, key: str) -> KnownSource | None:
        """The source that a key belongs to; None for an unknown key. Raises `Unreadable`."""
        return self._by_key.get(key) or await self._after_reading("_by_key", key)

    async def of_slug(self, slug: str) -> KnownSource | None:
        """The source of a slug; None for an unknown one. Raises `Unreadable`."""
        return self._by_slug.get(slug) or await self._after_reading("_by_slug", slug)

    def allow_anywhere(self, origin: str) -> bool:
        """Whether some source takes events from pages of an origin."""
        return any(known.allows(origin) for known in self._by_slug.values())

    async def _after_reading(self, by: str, name: str) -> KnownSource | None:
        came = time.monotonic()
        if self._next is None:
            self._next = asyncio.create_task(self._read_soon())
        await asyncio.shield(self._next)
        found: KnownSource | None = getattr(self, by).get(name)
        if found is None and self._read_at < came:
            raise Unreadable
        return found

    async def _read_soon(self) -> None:
        await asyncio.sleep(max(0.0, self._tried_at + _SOONEST - time.monotonic()))
        # Who comes from now on cannot know whether this reading saw what was written before.
        self._next = None
        await asyncio.get_running_loop().run_in_executor(None, self.read_again)

    def _keep_fresh(self) -> None:
        while not self._stop.wait(MAX_AGE):
            self.read_again()

    def read_again(self) -> None:
        """Read the table now; what was known stays when it cannot be read."""
        with self._reading:
            began = self._tried_at = time.monotonic()
            try:
                known = [_known(row) for row in self._table.rows()]
            except Exception:  # noqa: BLE001 - whatever keeps the table from being read, keys known before go on opening the door
                return
            self._by_key = {key: one for one in known for key in one.keys}
            self._by_header = {b"Basic " + base64.b64encode(f"{key}:".encode()): one for key, one in self._by_key.items()}
            self._by_slug = {one.slug: one for one in known}
            self._read_at = began


def key_in(authorization: bytes) -> str | None:
    """The user name of a header for Basic authentication, which is where SDKs put the write key.

    >>> key_in(b"Basic a2V5Og=="), key_in(b"Bearer x")
    ('key', None)
    """
    scheme, _, encoded = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        return base64.b64decode(encoded.strip()).decode().partition(":")[0] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _known(row: tuple[Any, ...]) -> KnownSource:
    slug, kind, key, previous, until, secret, enabled, ip, origins = row
    still = previous and until is not None and _seconds(until) > time.time()
    return KnownSource(
        slug=slug,
        kind=kind,
        keys=(key, previous) if still else (key,),
        signing_secret=secret,
        enabled=bool(enabled),
        ip=ip,
        allowed_origins=frozenset(json.loads(origins) if isinstance(origins, str) else origins),
    )


def _seconds(until: Any) -> float:
    """An instant of the database: PostgreSQL gives a datetime, SQLite Django's text in UTC."""
    from datetime import UTC, datetime

    moment = until if isinstance(until, datetime) else datetime.fromisoformat(until)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class SqliteTable:
    """The sources in the operational SQLite file, which is only read here."""

    def __init__(self, config: Config) -> None:
        self._path = config.database
        self._connection: sqlite3.Connection | None = None

    def rows(self) -> Iterable[tuple[Any, ...]]:
        """All sources."""
        if self._connection is None:
            self._connection = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=2, check_same_thread=False)
        try:
            return self._connection.execute(f"SELECT {_COLUMNS} FROM intake_source").fetchall()
        except sqlite3.Error:
            # The file may have been put in place anew, such as by a restore.
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class PostgresTable:
    """The sources in PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None

    def rows(self) -> Iterable[tuple[Any, ...]]:
        """All sources."""
        import psycopg

        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._url, connect_timeout=3, autocommit=True, options="-c statement_timeout=5s")
        try:
            found: list[tuple[Any, ...]] = self._connection.execute(f"SELECT {_COLUMNS} FROM regulars.intake_source").fetchall()
        except psycopg.Error:
            self.close()
            raise
        return found

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()


def known_sources(config: Config) -> KnownSources:
    """The sources of an installation."""
    return KnownSources(PostgresTable(config.database_url) if config.database_url else SqliteTable(config))
