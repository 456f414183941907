"""The loader as a process of its own: `python -m regulars_server.loading.alone`. The worker of `regulars up` does the same and more."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

IDLE_SECONDS = 0.2


def main() -> int:
    """Load until SIGTERM."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars_server.settings")
    import django

    django.setup()
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    log = logging.getLogger("regulars.loading")
    while not stop.is_set():
        try:
            work(stop)
        except Exception:
            # Whatever it was (a full disk, a database that is away), nothing is lost by trying again.
            log.exception("the loader starts again")
            stop.wait(1.0)
    return 0


def work(stop: threading.Event) -> None:
    """Hold the lease and load until told to stop; everything is flushed then."""
    from regulars_server.intake.public import open_inbox
    from regulars_server.loading.errors import LeaseTaken
    from regulars_server.loading.flushing import flush, recover
    from regulars_server.loading.lease import take
    from regulars_server.loading.ticking import tick

    try:
        lease = take(wait_seconds=1.0)
    except LeaseTaken:
        return
    inbox = open_inbox()
    try:
        recover(lease=lease, inbox=inbox)
        while not stop.is_set():
            ticked = tick(lease=lease, inbox=inbox)
            flush(lease=lease, inbox=inbox)
            if not ticked.more:
                stop.wait(IDLE_SECONDS)
        while tick(lease=lease, inbox=inbox).more:
            pass
        flush(force=True, lease=lease, inbox=inbox)
    finally:
        inbox.close()
        lease.release()


if __name__ == "__main__":
    sys.exit(main())
