"""The write gate: on SQLite one writer at a time in the order of a file lock, because its own waiting is no queue and starves the web."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connections, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

_here = threading.local()
_process_locks = {"default": threading.Lock(), "audit": threading.Lock()}


@contextlib.contextmanager
def write_tx(using: str = "default") -> Iterator[None]:
    """A transaction that writes: all of it or nothing. Keep it short (about 100 rows on SQLite); within another one it is part of that.

    On SQLite it holds a file lock, so that writers of several processes take turns. On PostgreSQL it is a plain transaction.
    """
    if getattr(_here, using, False) or connections[using].vendor != "sqlite":
        with transaction.atomic(using=using):
            yield
        return
    with _process_locks[using], _file_lock(using):
        setattr(_here, using, True)
        try:
            with transaction.atomic(using=using):
                yield
        finally:
            setattr(_here, using, False)


@contextlib.contextmanager
def _file_lock(using: str) -> Iterator[None]:
    # Opened anew each time: a descriptor that a fork shares would be one lock for both.
    descriptor = os.open(settings.CONFIG.run / f"{using}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
