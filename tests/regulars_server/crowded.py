"""Many processes at once within an installation: `python crowded.py prepare | web SEED | worker | loader | check`; prints JSON.

Each does for some seconds what its like does in `regulars up`, in several threads, and counts what was refused, by code.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars_server.settings")
django.setup()

from django.contrib.auth.hashers import ScryptPasswordHasher  # noqa: E402 - after django.setup()
from django.db import connections  # noqa: E402 - after django.setup()

from regulars.errors import RegularsError  # noqa: E402 - after django.setup()
from regulars_server.intake.public import InboxRow, open_inbox, sources  # noqa: E402 - after django.setup()
from regulars_server.jobs import queue  # noqa: E402 - after django.setup()
from regulars_server.jobs.public import Job, register_kind  # noqa: E402 - after django.setup()
from regulars_server.loading.public import flush, tick  # noqa: E402 - after django.setup()
from regulars_server.profiles import public as profiles  # noqa: E402 - after django.setup()
from regulars_server.profiles.models import Identity, Note  # noqa: E402 - after django.setup()
from regulars_server.shared import public as shared  # noqa: E402 - after django.setup()
from regulars_server.shared.models import AuditEntry, AuditNote, DomainEvent  # noqa: E402 - after django.setup()
from regulars_server.team import keys, members  # noqa: E402 - after django.setup()
from regulars_server.team.models import ApiKey, Tries, User  # noqa: E402 - after django.setup()
from regulars_server.team.signing_in import sign_in  # noqa: E402 - after django.setup()

if TYPE_CHECKING:
    from collections.abc import Callable

ScryptPasswordHasher.work_factor = 2**4
SECONDS, PEOPLE, PASSWORD = 4.0, 12, "a password that is long"
register_kind("crowd", lambda *_: None)


def now() -> datetime:
    return datetime.now(UTC)


def calls(number: int) -> list[dict[str, Any]]:
    """Calls that join and tell of the people whom others merge at the same moment."""
    found = []
    for person in range(PEOPLE):
        about = {"userId": f"u{person}", "anonymousId": f"b{(person + number) % PEOPLE}-{number % 3}", "timestamp": now().isoformat()}
        found.append(
            {"type": "identify", **about, "messageId": f"i{number}-{person}", "traits": {"name": f"N{number}", "email": f"u{person}@x.eu"}}
        )
        found.append({"type": "track", **about, "messageId": f"t{number}-{person}", "event": "Tea Drunk", "properties": {"n": number}})
    return found


def send(number: int) -> None:
    inbox = open_inbox()
    try:
        body = json.dumps({"batch": calls(number)}).encode()
        inbox.append([InboxRow(0, int(now().timestamp() * 1e6), sources()[0].slug, "batch", body, {})])
    finally:
        inbox.close()


def prepare() -> dict[str, Any]:
    send(0)
    tick(now())
    people = [User.objects.create_user(f"m{n}@shop.eu", PASSWORD, role="owner" if n < 3 else "support") for n in range(6)]
    texts = [keys.create_key(name=f"k{n}", scopes=["people.see"], actor=people[0], now=now() - timedelta(hours=1))[1] for n in range(3)]
    return {"keys": texts}


class Crowd:
    """Threads that do things at random until the time is over."""

    def __init__(self, seed: int) -> None:
        self.seed, self.until = seed, time.monotonic() + SECONDS
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.faults: list[str] = []

    def run(self, works: list[tuple[str, Callable[[random.Random], Any]]], threads: int) -> dict[str, Any]:
        crew = [threading.Thread(target=self._work, args=(works, random.Random(f"{self.seed}-{n}"))) for n in range(threads)]
        for one in crew:
            one.start()
        for one in crew:
            one.join()
        return {"done": self.done, "refused": self.refused, "faults": self.faults[:5]}

    def _work(self, works: list[tuple[str, Callable[[random.Random], Any]]], chance: random.Random) -> None:
        while time.monotonic() < self.until:
            name, work = chance.choice(works)
            try:
                work(chance)
                self.done[name] += 1
            except RegularsError as refusal:
                self.refused[refusal.code] += 1
            except Exception as fault:  # noqa: BLE001 - what is no refusal is what the test looks for
                self.faults.append(f"{name}: {fault!r}")
        connections.close_all()


def somebody(chance: random.Random) -> str:
    return f"u{chance.randrange(PEOPLE)}"


def member(chance: random.Random) -> User:
    return chance.choice(list(User.objects.filter(email__startswith="m")))


def web(seed: str, *texts: str) -> dict[str, Any]:
    crowd = Crowd(int(seed))
    works: list[tuple[str, Callable[[random.Random], Any]]] = [
        ("merge", lambda c: profiles.merge(left=somebody(c), right=somebody(c), actor="user 1", now=now())),
        ("unmerge", lambda c: profiles.unmerge(identity=somebody(c), actor="user 1", now=now())),
        ("note", lambda c: profiles.add_note(customer_id=somebody(c), text="x", actor="user 1", now=now())),
        ("role", lambda c: members.change_role(user_id=member(c).pk, role=c.choice(["owner", "admin", "support"]), actor=member(c), now=now())),
        ("deactivate", lambda c: members.deactivate(user_id=member(c).pk, actor=member(c), now=now())),
        ("activate", lambda c: members.activate(user_id=member(c).pk, actor=member(c), now=now())),
        ("key", lambda c: keys.key_from(f"Bearer {c.choice(texts)}", now=now() + timedelta(minutes=c.randrange(600)))),
        ("create key", lambda c: keys.create_key(name="new", scopes=["people.see"], actor=member(c), now=now())),
        ("sign in", lambda c: sign_in(email=f"m{c.randrange(6)}@shop.eu", password=c.choice([PASSWORD, "wrong"]), address=f"10.0.0.{c.randrange(40)}", now=now() + timedelta(hours=c.randrange(9)))),
        ("look", lambda c: shared.record_look(actor=f"user {c.randrange(3)}", action="customer.viewed", now=now(), subjects=[shared.reference_of(somebody(c))])),
        ("job", lambda _: queue.enqueue("crowd", {}, actor="user 1", now=now())),
        ("cancel", lambda c: queue.cancel(c.randrange(1, 300), actor="user 1", now=now())),
        ("dismiss", lambda _: [profiles.dismiss(suggestion_id=one.id, actor="user 1", now=now()) for one in profiles.suggestions()[:1]]),
        ("page", lambda c: profiles.profile_of(profiles.customer_of(somebody(c)))),
    ]  # fmt: skip
    return crowd.run(works, 3)


def worker(seed: str) -> dict[str, Any]:
    crowd, ended = Crowd(int(seed)), Counter[int]()

    def claim(chance: random.Random) -> None:
        found = queue.claim(now())
        if found is not None and queue.end(found, state=chance.choice([Job.DONE, Job.FAILED]), now=now()):
            ended[found.pk] += 1

    works: list[tuple[str, Callable[[random.Random], Any]]] = [
        ("claim", claim),
        ("release", lambda _: queue.release_dead(now())),
        ("audit", lambda _: shared.deliver_audit()),
        ("events", lambda _: shared.deliver_events(now())),
        ("expire", lambda _: shared.expire(now())),
    ]
    return crowd.run(works, 2) | {"ended": ended}


def loader(seed: str) -> dict[str, Any]:
    crowd, numbers = Crowd(int(seed)), iter(range(1, 10_000))
    sent: list[int] = []

    def load(_: random.Random) -> None:
        sent.append(next(numbers))
        send(sent[-1])
        tick(now())
        flush(now())

    return crowd.run([("load", load)], 1) | {"sent": len(sent)}


def check() -> dict[str, Any]:
    """What is left when everybody has gone, and what it should be."""
    while tick(now()).more:
        pass
    shared.deliver_audit()
    before = dict(Identity.objects.values_list("identity", "customer_id"))
    profiles.renew(now=now())
    entries = Counter(AuditEntry.objects.values_list("action", flat=True))
    roles = {str(one.pk): one.role for one in User.objects.all()}
    last = {entry.subjects[0].split()[1]: entry.details["to"] for entry in AuditEntry.objects.filter(action="member.role_changed")}
    return {
        "graph": before == dict(Identity.objects.values_list("identity", "customer_id")),
        "entries": entries,
        "waiting": AuditNote.objects.count(),
        "break": shared.first_break(),
        "events": Counter(DomainEvent.objects.values_list("name", flat=True)),
        "notes": Note.objects.count(),
        "roles": roles,
        "last": last,
        "owners": sum(one.role == "owner" and one.is_active for one in User.objects.all()),
        "jobs": Counter(Job.objects.values_list("state", flat=True)),
        "keys of nobody": ApiKey.objects.filter(revoked_at=None, created_by__is_active=False).count(),
        "tries": sum(Tries.objects.values_list("count", flat=True)),
    }


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:]), default=str))
