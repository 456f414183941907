"""The worker's loading: holds the lease for a few seconds at a time, so that a backup or another loader gets its turn."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from regulars_server.intake.public import open_inbox
from regulars_server.loading.public import LeaseTaken, flush, recover, take_lease, tick

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars_server.intake.public import Inbox
    from regulars_server.loading.public import Lease

HELD_SECONDS = 5.0
REST_SECONDS = 0.25
"""Between two leases; whoever waits for it looks twenty times a second."""
ADOPT_SECONDS = 0.5
"""How long events wait, at most, while a large file is joined with what was tracked."""
LAST_SECONDS = 15.0
"""How long an ending worker goes on emptying the inbox; the rest waits there."""


class Loading:
    """Inbox to tables. `data_changed` is called after each load of the tables."""

    def __init__(self, data_changed: Callable[[], None]) -> None:
        self._data_changed = data_changed
        self._lease: Lease | None = None
        self._inbox: Inbox | None = None
        self._let_go_at = 0.0
        self._not_before = 0.0

    def work(self, now: datetime) -> bool:
        """One tick and, when it is due, one load; says whether the inbox holds more."""
        if self._lease is None and not self._take():
            return False
        try:
            ticked = tick(now, lease=self._lease, inbox=self._inbox)
            if flush(now, lease=self._lease, inbox=self._inbox, adopt_seconds=ADOPT_SECONDS).load_id is not None:
                self._data_changed()
        except BaseException:
            self._release()
            raise
        if time.monotonic() >= self._let_go_at:
            self._release()
        return ticked.more

    def end(self) -> None:
        """Put what is recorded into the tables, as far as time allows, and let go."""
        deadline = time.monotonic() + LAST_SECONDS
        try:
            if self._lease is None and not self._take():
                return
            while tick(datetime.now(UTC), lease=self._lease, inbox=self._inbox).more and time.monotonic() < deadline:
                pass
            flush(datetime.now(UTC), force=True, lease=self._lease, inbox=self._inbox, adopt_seconds=ADOPT_SECONDS)
        finally:
            self._release()

    def _take(self) -> bool:
        if time.monotonic() < self._not_before:
            return False
        try:
            self._lease = take_lease()
        except LeaseTaken:
            self._not_before = time.monotonic() + REST_SECONDS
            return False
        self._inbox = open_inbox()
        self._let_go_at = time.monotonic() + HELD_SECONDS
        if recover(lease=self._lease, inbox=self._inbox).load_id is not None:
            self._data_changed()
        return True

    def _release(self) -> None:
        lease, self._lease = self._lease, None
        inbox, self._inbox = self._inbox, None
        if inbox is not None:
            inbox.close()
        if lease is not None:
            lease.release()
        self._not_before = time.monotonic() + REST_SECONDS
