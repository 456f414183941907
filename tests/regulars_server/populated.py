"""Works within an installation in which somebody lived: `python populated.py fill | erase | arrive | expire`; prints JSON.

The calls came through the real door before. Everything else that the application keeps of a person is done here, through its services.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars_server.settings")
django.setup()

from django.conf import settings  # noqa: E402 - after django.setup()
from django.db import connection  # noqa: E402 - after django.setup()

from regulars.workspace import Workspace  # noqa: E402 - after django.setup()
from regulars_server.imports.public import Received, discard, start_import, take_in, upload, waiting  # noqa: E402 - after django.setup()
from regulars_server.intake.public import open_inbox, sources  # noqa: E402 - after django.setup()
from regulars_server.jobs.public import run_pending  # noqa: E402 - after django.setup()
from regulars_server.loading.public import flush, quarantine, replay, tick  # noqa: E402 - after django.setup()
from regulars_server.profiles import public as profiles  # noqa: E402 - after django.setup()
from regulars_server.serving.public import build, close  # noqa: E402 - after django.setup()
from regulars_server.shared import public as shared  # noqa: E402 - after django.setup()
from regulars_server.shared.models import Erasure  # noqa: E402 - after django.setup()
from tests.regulars_server import canaries  # noqa: E402 - after django.setup()

if TYPE_CHECKING:
    from collections.abc import Callable

ACTOR, SECOND = "user 1", "canary-second-7319"
LINE = "order,customer,date,amount,country"


def now() -> datetime:
    return datetime.now(UTC)


def load() -> dict[str, int]:
    """Everything that waits in the inbox, into the tables; says what became of it."""
    report: dict[str, int] = {}
    inbox = open_inbox()
    try:
        while (ticked := tick(now(), inbox=inbox)).more:
            for name, count in ticked.report.items():
                report[name] = report.get(name, 0) + count
        flush(now(), force=True, inbox=inbox)
    finally:
        inbox.close()
    return report


def send(*batch: dict[str, Any]) -> None:
    """As the door does, for calls that must lie on their way when the person is erased."""
    from regulars_server.intake.door.inbox import InboxRow

    inbox = open_inbox()
    try:
        body = json.dumps({"batch": batch}).encode()
        inbox.append([InboxRow(0, int(now().timestamp() * 1e6), sources()[0].slug, "batch", body, {"user_agent": "agent"})])
    finally:
        inbox.close()


def upload_file(number: int, name: str, *lines: str) -> str:
    token = f"{number:032x}"
    path = settings.CONFIG.uploads / token
    path.write_text("\n".join((LINE, *lines)), encoding="utf-8")
    return take_in(Received(token, name, path.stat().st_size), actor=ACTOR, now=now()).token


def fill() -> dict[str, Any]:
    """Load what came, and do everything by hand that leaves a trace of the person."""
    report = load()
    day = (now() - timedelta(days=30)).date()
    others = [f"f-{n},other-{n},{day},10.00,DE" for n in range(40)]
    start_import(
        upload(
            upload_file(
                1, f"{canaries.EMAIL} orders.csv", *others, f"f-c,{canaries.USER},{day},12.00,DE", f"f-bad,{canaries.USER},never,1,DE"
            )
        ),
        actor=ACTOR,
        now=now(),
    )
    run_pending(wait=True)
    upload_file(2, "later.csv", f"g-c,{canaries.EMAIL},{day},12.00,DE")
    upload_file(3, "others.csv", *others)
    load()
    merged = profiles.merge(left=canaries.USER, right=SECOND, actor=ACTOR, now=now(), evidence="canary told us")
    profiles.unmerge(identity=SECOND, actor=ACTOR, now=now(), evidence="canary denies it")
    profiles.merge(left=SECOND, right=merged, actor=ACTOR, now=now(), evidence="canary was wrong")
    profiles.merge(left="other-5", right="other-6", actor=ACTOR, now=now())
    customer = profiles.customer_of(canaries.USER)
    profiles.add_note(customer_id=customer, text="Canary prefers to be called", actor=ACTOR, now=now())
    profiles.add_note(customer_id="other-7", text="Wants an invoice", actor=ACTOR, now=now())
    for one in profiles.suggestions()[:1]:
        profiles.dismiss(suggestion_id=one.id, actor=ACTOR, now=now())
    shared.record_look(actor=ACTOR, action="customer.viewed", now=now(), subjects=[shared.reference_of(customer)])
    shared.record_list(actor=ACTOR, action="customers.listed", now=now(), query={"q": canaries.EMAIL}, count=1)
    shared.publish("customer.greeted", {"customer_id": customer, "words": [canaries.EMAIL]}, now=now())
    build(now())
    late = {"type": "track", "userId": canaries.USER, "properties": {"x": "canary"}}
    send(
        {**late, "event": "Came Later", "messageId": "canary-later"}, {**late, "userId": "other-8", "event": "Came Later", "properties": {}}
    )
    tick(now())
    send({**late, "event": "Came Last", "messageId": "canary-last"}, {**late, "userId": "other-9", "event": "Came Last", "properties": {}})
    shared.deliver_audit()
    return {"report": report, "customer": customer, "reference": shared.reference_of(customer), "identities": identities(customer)}


def identities(customer: str) -> list[str]:
    return sorted({*profiles.identities_of(customer), customer})


def others() -> dict[str, Any]:
    """What is held of somebody else, and the sums over everybody."""
    session = Workspace.open(settings.CONFIG.workspace)
    import duckdb

    sums = {}
    for table, what in (("orders", "count(*), sum(amount_minor)"), ("events", "count(*)"), ("order_lines", "count(*)")):
        paths = list(session.snapshot().files(table))
        with duckdb.connect() as engine:
            sums[table] = engine.execute(f"select {what} from read_parquet(?)", [paths]).fetchone()
    return {"sums": sums, "held": held_of(["other-7"]), "merged": profiles.customer_of("other-6")}


def hand_out(customer: str) -> dict[str, Any]:
    """What is held of the person, and of others."""
    return {"handed": held_of(identities(customer)), "others": others()}


def held_of(ids: list[str]) -> dict[str, int]:
    return {name: len(rows) for name, rows in shared.export_person(ids).items()}


def die(customer: str, ids: str, stride: str) -> int:
    """Erase by processes that are killed, each at a later touch of anything, until one comes to its end; how often that was.

    This process itself touches nothing: each fork is as a fresh one.
    """
    touch = 0
    while in_child(lambda: step(json.loads(ids), customer), touch):
        touch += int(stride)
    return touch // int(stride)


def erase(customer: str, ids: str) -> dict[str, Any]:
    """Go on where processes died, or begin."""
    finished = shared.resume_erasures(now()) if Erasure.objects.exists() else None
    if finished is None:
        shared.erase_person(json.loads(ids), actor=ACTOR, now=now(), customer_id=customer)
    shared.deliver_audit()
    build(now())
    close()
    return {"finished": Erasure.objects.exclude(finished_at=None).count(), "left": held_of(json.loads(ids)), "others": others()}


def step(ids: list[str], customer: str) -> None:
    if Erasure.objects.exists():
        shared.resume_erasures(now())
    else:
        shared.erase_person(ids, actor=ACTOR, now=now(), customer_id=customer)


def in_child(work: Callable[[], None], touch: int) -> bool:
    """Run `work` in a fork that dies at its `touch`-th statement or touch of a file; whether it did."""
    connection.close()
    child = os.fork()
    if child == 0:
        left = iter(range(touch))

        def count(*_: Any) -> None:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(lambda name, _: count() if name in {"open", "os.rename", "os.remove"} else None)

        def counted(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
            count()
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(counted):
                work()
        except BaseException as fault:  # noqa: BLE001 - the fork must not go on with its parent's work
            print(f"{touch}: {fault!r}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"touch {touch} failed")
    return os.WIFSIGNALED(status)


def arrive() -> dict[str, Any]:
    """What comes for the person after the erasure: calls, and a file."""
    report = load()
    sent = replay(code="loading.poison", actor=ACTOR, now=now())
    day = (now() - timedelta(days=20)).date()
    start_import(
        upload(upload_file(4, "again.csv", f"h-c,{canaries.USER},{day},99.00,DE", f"h-o,other-1,{day},9.00,DE")), actor=ACTOR, now=now()
    )
    run_pending(wait=True)
    load()
    build(now())
    close()
    for one in waiting():
        discard(one, actor=ACTOR, now=now())
    return {"report": report, "replayed": sent, "others": others(), "quarantined": len(quarantine(limit=500))}


def dump() -> dict[str, Any]:
    """Everything that calls became, in the order of code points, without what differs from run to run."""
    import pyarrow.parquet as pq

    from regulars_server.loading.models import HotRow, Quarantined
    from regulars_server.profiles.models import Account, AccountTrait, Identity, Link, Membership, Trait

    report, differs = load(), {"load_id", "recorded_at", "superseded_load_id"}
    found: dict[str, list[str]] = {}
    snapshot = Workspace.open(settings.CONFIG.workspace).snapshot()
    for table in ("events", "orders", "order_lines", "customers", "accounts", "identities", "supersessions"):
        rows = [row for path in snapshot.files(table) for row in pq.read_table(path).to_pylist()]
        found[table] = sorted(repr({name: value for name, value in row.items() if name not in differs}) for row in rows)
    for model in (HotRow, Quarantined, Identity, Link, Trait, Account, AccountTrait, Membership):
        names = [
            one.attname for one in model._meta.concrete_fields if one.attname not in {"id", "batch_id", "at", "received_at", "reference"}
        ]
        rows = ([bytes(value) if isinstance(value, memoryview) else value for value in row] for row in model.objects.values_list(*names))
        found[model._meta.label] = sorted(repr(row) for row in rows)
    return {"report": report, "rows": found}


def expire() -> dict[str, Any]:
    gone = shared.expire(now() + timedelta(days=400))
    return {"gone": gone, "holdings": sorted(name for name, one in shared.holdings().items() if one.expire)}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:]), default=str))
