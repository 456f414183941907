"""The lease: one loader at a time, however many processes try. The kernel or the database server ends it with whoever holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING

from django.conf import settings

from regulars_server.loading.errors import LeaseLost, LeaseTaken

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

_KEY = 4720
"""The advisory lock's number in PostgreSQL."""


class Lease:
    """The right to load, held by this process until `release`."""

    def __init__(self, *, descriptor: int | None = None, connection: psycopg.Connection | None = None) -> None:
        self._descriptor = descriptor
        self._connection = connection

    def check(self) -> None:
        """Raise `LeaseLost` where the database server has forgotten us; called before every commit that counts on being alone."""
        if self._connection is None:
            return
        import psycopg

        try:
            query = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND pid = pg_backend_pid() AND granted"
            held = self._connection.execute(query, (_KEY,)).fetchone()
        except psycopg.Error as error:
            raise LeaseLost from error
        if held is None:
            raise LeaseLost

    def release(self) -> None:
        """Let go; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
        connection, self._connection = self._connection, None
        if connection is not None:
            import psycopg

            # Closing alone frees it only when the server notices.
            with contextlib.suppress(psycopg.Error):
                connection.execute("SELECT pg_advisory_unlock(%s)", (_KEY,))
            connection.close()


def take(*, wait_seconds: float = 0.0) -> Lease:
    """The lease, or `LeaseTaken` when another loader does not let go of it in time."""
    attempt = _in_postgres if settings.CONFIG.uses_postgres else _in_folder
    deadline = time.monotonic() + wait_seconds
    while (lease := attempt()) is None:
        if time.monotonic() >= deadline:
            raise LeaseTaken
        time.sleep(0.05)
    return lease


@contextlib.contextmanager
def held(lease: Lease | None = None, *, wait_seconds: float = 0.0) -> Iterator[Lease]:
    """The lease that is given, or one of its own for the time inside."""
    if lease is not None:
        yield lease
        return
    own = take(wait_seconds=wait_seconds)
    try:
        yield own
    finally:
        own.release()


def _in_folder() -> Lease | None:
    settings.CONFIG.run.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(settings.CONFIG.run / "loader.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return Lease(descriptor=descriptor)


def _in_postgres() -> Lease | None:
    import psycopg

    # A connection of its own, outside every transaction: what ends with it is the lease and nothing else.
    connection = psycopg.connect(
        settings.CONFIG.database_url, autocommit=True, connect_timeout=5, keepalives_idle=10, keepalives_interval=5, keepalives_count=3
    )
    found = connection.execute("SELECT pg_try_advisory_lock(%s)", (_KEY,)).fetchone()
    if found and found[0]:
        return Lease(connection=connection)
    connection.close()
    return None
