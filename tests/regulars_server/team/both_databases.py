"""A program for `test_both_databases.py`: many threads do the same thing at the same moment, on the database of the environment."""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
THREADS = 6


def at_once(work: Callable[[int], object]) -> list[object]:
    """What each of the threads gave back, or the name of its refusal."""
    from django.db import connections

    from regulars.errors import RegularsError

    ready, found = threading.Barrier(THREADS), []

    def run(number: int) -> None:
        ready.wait()
        try:
            found.append(work(number))
        except RegularsError as refusal:
            found.append(type(refusal).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def main() -> dict[str, object]:
    django.setup()
    from django.contrib.auth.hashers import ScryptPasswordHasher
    from django.core.management import call_command

    ScryptPasswordHasher.work_factor = 2**4
    for name in ("default", "audit"):
        call_command("migrate", database=name, verbosity=0)
    from regulars_server.shared.audit import deliver, first_break, record_change, record_look
    from regulars_server.shared.models import AuditEntry, AuditNote
    from regulars_server.shared.public import erase_person, expire, export_person, resume_erasures
    from regulars_server.team import keys, links, members, tries
    from regulars_server.team.models import Tries, User
    from regulars_server.team.roles import Permission, Role

    token = links.first_owner_link(now=NOW).rstrip("/").rsplit("/", 1)[1]
    firsts = at_once(lambda n: links.use_link(token=token, password=f"horse {n} battery staple", email=f"o{n}@example.com", now=NOW).email)
    owner = User.objects.get()
    others = [User.objects.create_user(f"x{n}@example.com", "horse battery staple", role=Role.OWNER) for n in range(THREADS - 1)]
    everybody = [owner, *others]
    at_once(lambda n: members.deactivate(user_id=everybody[n - 1].pk, actor=everybody[n], now=NOW))
    owners = User.objects.filter(role=Role.OWNER, is_active=True)
    at_once(lambda _: [tries.count_try(email="a@example.com", address="10.0.0.1", now=NOW) for _ in range(1)])
    at_once(lambda n: [record_change(actor=f"user {n}", action="x", now=NOW) for _ in range(5)])
    at_once(lambda _: record_look(actor="user 1", action="looked", now=NOW, subjects=["a"]))
    deliver()
    record_look(actor="user 1", action="looked", now=NOW + timedelta(minutes=5), subjects=["a"])
    _, text = keys.create_key(name="robot", scopes=[Permission.SEE_NUMBERS], actor=owners[0], now=NOW)
    opened = keys.key_from(f"Bearer {text}", now=NOW)
    erased = erase_person(["a@example.com"], actor="system", now=NOW)
    return {
        "firsts": sorted(str(found) for found in firsts if found != "LinkUnusable"),
        "owners": owners.count(),
        "tries": list(Tries.objects.values_list("count", flat=True)),
        "changes": AuditEntry.objects.filter(action="x").count(),
        "looks": AuditEntry.objects.filter(action="looked").count(),
        "notes": AuditNote.objects.count(),
        "first_break": first_break(),
        "key": opened is not None,
        "erased": [erased, resume_erasures(NOW)],
        "exported": export_person(["a@example.com"]),
        "expired": expire(NOW + timedelta(days=400))["team.OneTimeLink"],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
