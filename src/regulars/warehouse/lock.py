"""Locks between processes. They are the kernel's (`flock`), so they end with the process that holds them, however it ends.

Four of them, always taken in this order:

- *workspace*: appends share it and so does tidying; what else rewrites rows (erase, undo, compact) has it alone;
- *tidying*: one process at a time merges small files and folds records;
- *import*: one import at a time from its comparison with the rows that are there until its commit;
- *commit*: alone for the moment in which the tables of one change are committed, shared to pin a snapshot.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regulars.errors import WorkspaceLocked

if TYPE_CHECKING:
    from collections.abc import Iterator


class Lock:
    """A lock file held by this process until `release`."""

    def __init__(self, path: Path, descriptor: int, *, shared: bool) -> None:
        self.path = path
        self.shared = shared
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, path: Path, *, what: str, shared: bool = False, wait_seconds: float = 10.0) -> Lock:
        """The lock at `path`, or `WorkspaceLocked`, which names the holder, when nobody lets go of it in `wait_seconds`."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        deadline = time.monotonic() + wait_seconds
        try:
            while not _try(descriptor, shared=shared):
                if time.monotonic() >= deadline:
                    raise _refusal(path, what=what)  # noqa: TRY301
                time.sleep(0.02)
            if not shared:
                _write_holder(descriptor, what)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor, shared=shared)

    def release(self) -> None:
        """Let go; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        if not self.shared:
            os.ftruncate(descriptor, 0)
        os.close(descriptor)

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Share the lock at `path` while inside; does without it where the folder may not be written."""
    try:
        lock = Lock.take(path, what="reading", shared=True, wait_seconds=60.0)
    except (PermissionError, FileNotFoundError):
        yield
        return
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether a living process has the lock at `path` alone."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _try(descriptor, shared=True)
    finally:
        os.close(descriptor)


def holder(path: Path) -> dict[str, Any] | None:
    """Who wrote their name into the lock at `path` last: pid, command, what for, since when."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _try(descriptor: int, *, shared: bool) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_holder(descriptor: int, what: str) -> None:
    # Of the command only its name: what follows may be the customer who is to be forgotten.
    command = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    who = {"pid": os.getpid(), "command": command, "what": what, "since": datetime.now(UTC).isoformat(timespec="seconds")}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(who).encode(), 0)


def _refusal(path: Path, *, what: str) -> WorkspaceLocked:
    who = holder(path) or _holder_of_a_load(path)
    if who is None:
        named = "Another process"
    else:
        named = f"Process {who['pid']} ({who['command']}), which has been busy with {who['what']} since {who['since']},"
    return WorkspaceLocked(
        f"{named} is changing this workspace; {what} cannot begin.",
        expected="a workspace that nobody else is changing",
        remedy="Wait until it is done, then run the same command again.",
        details={"holder": who, "what": what},
    )


def _holder_of_a_load(path: Path) -> dict[str, Any] | None:
    """Who holds a shared lock is not in its file: look at the loads that are being staged."""
    for owner in sorted(path.parent.parent.glob("staging/*/owner")):
        if is_held(owner):
            return holder(owner)
    return None
