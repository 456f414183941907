"""The worker: moves the inbox into the tables, keeps the serving file fresh, runs jobs, delivers the audit log, expires what is old.

`python -m regulars_server.running.worker`
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from regulars.warehouse.files import write_json
from regulars_server.running.environment import start_django
from regulars_server.running.parts import Part

if TYPE_CHECKING:
    from regulars_server.config import Config
    from regulars_server.running.loading_part import Loading
    from regulars_server.running.serving_builds import ServingBuilds
    from regulars_server.running.tidying import Tidying

log = logging.getLogger("regulars.worker")
BEAT_SECONDS = 5.0
RENEW_SECONDS = 60.0
EVENTS_AT_ONCE = 100
MANY_ROWS = 500
"""What one holding forgets at a time, at least: there may be more."""
IDLE_SECONDS = 0.25
"""How long the worker sleeps when nothing was to do: events are on the timeline within two seconds."""


class Worker:
    """The loop over the parts, and the heartbeat beside it."""

    def __init__(self, config: Config, parts: list[Part]) -> None:
        self.parts = parts
        self._config = config
        self._ending = threading.Event()
        self._started_at = datetime.now(UTC)
        self._renew_at = time.monotonic() + RENEW_SECONDS

    def end(self, *_: object) -> None:
        """Finish the part that runs, then end."""
        self._ending.set()

    def run(self) -> None:
        """Work until `end`."""
        from django.db import close_old_connections, connections

        heart = threading.Thread(target=self._beat, daemon=True)
        heart.start()
        while not self._ending.is_set():
            clock = time.monotonic()
            for part in self.parts:
                if part.is_due(clock) and not self._ending.is_set():
                    part.run()
                    if part.failures:
                        # What failed may have broken it, or left it in the middle of something.
                        connections.close_all()
            if clock >= self._renew_at:
                self._renew_at = clock + RENEW_SECONDS
                close_old_connections()
            rest = min(part.due for part in self.parts) - time.monotonic()
            self._ending.wait(min(max(rest, 0.0), IDLE_SECONDS))
        heart.join(BEAT_SECONDS)

    def _beat(self) -> None:
        while True:
            self.note()
            if self._ending.wait(BEAT_SECONDS):
                return

    def note(self) -> None:
        """Write the heartbeat: that this process lives, and what each part did last."""
        parts = {part.name: dict(part.last) for part in self.parts}
        noted = {"pid": os.getpid(), "at": datetime.now(UTC).isoformat(), "started_at": self._started_at.isoformat(), "parts": parts}
        try:
            write_json(self._config.heartbeat_file, noted, mode=0o600)
        except OSError as error:
            log.warning("the heartbeat could not be written: %s", error.strerror)


def parts_of(config: Config, loading: Loading, builds: ServingBuilds, tidying: Tidying) -> list[Part]:
    """What the worker does. What only starts a process or takes a moment comes before loading, whose first turn may take minutes."""
    return [
        Part("serving", 2.0, builds.look_after),
        Part("tidying", 60.0, tidying.look_after, due=time.monotonic() + 30),
        Part("jobs", 1.0, _jobs),
        Part("audit", 5.0, _audit),
        Part("outbox", 1.0, _outbox),
        Part("loading", 0.25, loading.work),
        Part("erasures", 60.0, _erasures, due=time.monotonic() + 10),
        Part("expiry", 300.0, partial(_expiry, config), due=time.monotonic() + 300),
    ]


def _audit(now: datetime) -> bool:
    from regulars_server.shared.public import deliver_audit

    del now
    deliver_audit()
    return False


def _outbox(now: datetime) -> bool:
    from regulars_server.shared.public import deliver_events

    return deliver_events(now, limit=EVENTS_AT_ONCE) == EVENTS_AT_ONCE


def _jobs(now: datetime) -> bool:
    from regulars_server.jobs.public import run_pending

    run_pending(now)
    return False


def _erasures(now: datetime) -> bool:
    from regulars_server.shared.public import resume_erasures

    resume_erasures(now)
    return False


def _expiry(config: Config, now: datetime) -> bool:
    from regulars_server.running.backup import sweep
    from regulars_server.shared.public import expire

    sweep(config)
    # A holding forgets some thousand rows at a time, so that events do not wait for it; where that was not enough it goes on at its next turn.
    return sum(expire(now).values()) >= MANY_ROWS


def main() -> int:
    """Work until SIGTERM."""
    os.umask(0o077)
    config = start_django()
    from regulars_server.jobs.public import stop
    from regulars_server.running.loading_part import Loading
    from regulars_server.running.serving_builds import ServingBuilds
    from regulars_server.running.tidying import Tidying

    builds, tidying = ServingBuilds(config), Tidying(config)
    loading = Loading(builds.data_changed)
    worker = Worker(config, parts_of(config, loading, builds, tidying))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, worker.end)
    try:
        worker.run()
    finally:
        builds.stop()
        tidying.stop()
        stop()
        loading.end()
    worker.note()
    return 0


if __name__ == "__main__":
    sys.exit(main())
