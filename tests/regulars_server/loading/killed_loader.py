"""Runs the loader of an installation again and again, killed (SIGKILL) at every named step, and at every STRIDE-th touch of a file.

`python killed_loader.py STRIDE` (0: named steps only) sends calls into the inbox, forks a loader that dies at the step, forks one that goes
on, and so on; prints as JSON how often it died, the message ids that were sent, and those that are in the tables, with how often. The parent
never touches a database itself, so every child is a fresh process as far as connections and threads are concerned.
"""

from __future__ import annotations

import json
import os
import signal
import sys

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars_server.settings")
    django.setup()

import deltalake  # noqa: F401  (here and not in each child: it takes time)
from django.conf import settings

from regulars_server.intake.public import open_inbox
from regulars_server.loading import steps
from regulars_server.loading.flushing import flush, recover
from regulars_server.loading.lease import take
from regulars_server.loading.ticking import tick
from tests.regulars_server.loading.calls import send, table, track

_TOUCHES = {"open", "os.rename", "os.remove", "os.mkdir", "fcntl.flock", "sqlite3.connect/handle"}


def load() -> None:
    """What a loader does from its start to an empty inbox."""
    lease = take(wait_seconds=10)
    inbox = open_inbox()
    try:
        recover(lease=lease, inbox=inbox)
        while tick(lease=lease, inbox=inbox).more:
            pass
        flush(force=True, lease=lease, inbox=inbox)
    finally:
        inbox.close()
        lease.release()


def in_child(work, *, step: str = "", touch: int = -1) -> bool:
    """Run `work` in a fork; whether it was killed."""
    child = os.fork()
    if child == 0:
        steps._DIE_AT = step
        if touch >= 0:
            _die_at(touch)
        try:
            work()
        except BaseException as fault:  # noqa: BLE001 - the fork must not go on with its parent's work
            print(f"{step or touch}: {fault!r}", file=sys.stderr)
            os._exit(1)
        sys.stdout.flush()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status):
        raise SystemExit(f"{step or touch} failed")
    return False


def _die_at(touch: int) -> None:
    reached = 0
    folder = str(settings.CONFIG.workspace)

    def look(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal reached
        if event in _TOUCHES and (event == "fcntl.flock" or str(arguments[0]).startswith(folder)):
            if reached == touch:
                os.kill(os.getpid(), signal.SIGKILL)
            reached += 1

    sys.addaudithook(look)


def fill(name: str) -> list[str]:
    """Two requests with events, an order told twice and a message sent twice; the ids that must be there once each."""
    inbox = open_inbox()
    try:
        order = {"order_id": f"order-{name}", "revenue": 10, "currency": "EUR"}
        first, second = track("Order Completed", f"{name}/1", **order), track("Order Completed", f"{name}/2", **(order | {"revenue": 12}))
        send(inbox, track("Tea Drunk", f"{name}/0"), first, source="website")
        send(
            inbox,
            second,
            track("Tea Drunk", f"{name}/0"),
            {"type": "identify", "userId": name, "messageId": f"{name}/3", "traits": {"a": 1}},
            source="website",
        )
    finally:
        inbox.close()
    return [f"{name}/{n}" for n in range(3)]


def main(stride: int) -> None:
    """Die at each step and go on."""
    sent: list[str] = []
    died = 0

    def round_of(name: str, **how: object) -> bool:
        in_child(lambda: fill(name))
        sent.extend(f"{name}/{n}" for n in range(3))
        killed = in_child(load, **how)
        in_child(load)
        return killed

    for step in steps.STEPS:
        if not round_of(step, step=step):
            raise SystemExit(f"the step {step} was never reached")
        died += 1
    touch = 0
    while stride and round_of(f"touch-{touch}", touch=touch):
        died += 1
        touch += stride

    def tell() -> None:
        found = {
            "events": table("select row_key, count(*) from events_in_force group by 1"),
            "orders": table("select order_id, count(*), max(amount_minor) from orders_in_force group by 1"),
            "identifies": table("select count(*) from customers_in_force"),
            "twice": table("select count(*) from (select row_key, load_id, source from events group by all having count(*) > 1)"),
            "staged": len(list(settings.CONFIG.staged.iterdir())),
        }
        inbox = open_inbox()
        print(json.dumps({"died": died, "sent": sent, **found, "waiting": inbox.backlog()[0]}))
        inbox.close()

    in_child(tell)


if __name__ == "__main__":
    main(int(sys.argv[1]))
