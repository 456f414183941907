"""One customer whose every personal field holds a canary, all the way through the real services; and a search for canaries in what is left."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER = "canary-user-7319"
EMAIL = "canary7319@example.com"
PHONE = "+4930555731973"
VISITOR = "canary-visitor-7319"
NAME = "Canary Vogel"
IDENTITIES = {USER, EMAIL, PHONE, f"anon:{VISITOR}", "device:canary-device-7319"}
SOUGHT = re.compile(r"canary|555[ -]?731973|203\.0\.113\.77", re.IGNORECASE)
TODAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)


def fresh_installation() -> None:
    """The data folder as `regulars up` would make it, but for the databases, which the test has."""
    from regulars.workspace import Workspace
    from regulars_server.loading import workspace
    from regulars_server.serving.public import close

    close()
    config = settings.CONFIG
    for path in config.workspace.iterdir():
        if path.name != "server":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for folder in (config.staged, config.run, config.serving, config.uploads):
        shutil.rmtree(folder, ignore_errors=True)
    for path in config.server.glob("inbox.db*"):
        path.unlink()
    config.make_folders()
    made = config.workspace.parent / f"{config.workspace.name}-new"
    Workspace.create(made, name="Shop", currency="EUR", time_zone="UTC")
    for path in made.iterdir():
        path.rename(config.workspace / path.name)
    made.rmdir()
    workspace._open.cache_clear()


def calls() -> list[dict[str, Any]]:
    """What the canary did, and somebody else, so that not everything is erased."""
    found: list[dict[str, Any]] = []

    def add(minutes: int, **call: Any) -> None:
        at = (TODAY - timedelta(minutes=minutes)).isoformat()
        about = {
            "ip": "203.0.113.77",
            "userAgent": "canary-agent",
            "device": {"id": "canary-device-7319"},
            "page": {"url": "https://shop.example/?q=canary"},
        }
        found.append({"messageId": f"canary-message-{len(found)}", "timestamp": at, "context": about, **call})

    traits = {
        "email": EMAIL,
        "phone": PHONE,
        "name": NAME,
        "address": {"street": "Canaryweg 7", "country": "DE"},
        "hobby": "canary breeding",
    }
    add(600, type="page", anonymousId=VISITOR, name="Home", properties={"title": "Hello Canary"})
    add(590, type="identify", userId=USER, anonymousId=VISITOR, traits=traits)
    add(580, type="group", userId=USER, groupId="birdhouse", traits={"name": "Birdhouse Ltd"}, messageId="of-the-company")
    lines = [{"product_id": "p1", "name": "Mug", "price": 12.5, "quantity": 2}]
    order = {"order_id": "canary-order", "total": 25.0, "currency": "EUR", "products": lines, "gift_note": "from Canary", "email": EMAIL}
    add(570, type="track", userId=USER, event="Order Completed", properties=order)
    add(560, type="track", userId=USER, event="Button Pressed", properties={"text": "canary free text"})
    add(550, type="track", userId=USER, event="Ticket Opened", properties={"ticket_id": "canary-ticket", "subject": "canary subject"})
    add(540, type="track", userId=USER, event="Survey Answered", properties={"survey": "nps", "answer": 9, "comment": "canary comment"})
    add(530, type="track", userId=USER, event="Order Completed", properties={"order_id": "canary-bad", "total": "canary", "email": EMAIL})
    add(520, type="track", anonymousId="canary-tablet", event="Product Viewed", properties={"product_id": "p1", "for": EMAIL})
    add(510, type="identify", anonymousId="canary-tablet", traits={"email": EMAIL})
    for number in range(6):
        other = f"other-{number}"
        found.append(
            {
                "messageId": f"other-message-{number}",
                "timestamp": (TODAY - timedelta(minutes=500 - number)).isoformat(),
                "type": "track",
                "userId": other,
                "event": "Order Completed",
                "properties": {"order_id": f"other-order-{number}", "total": 10.0, "currency": "EUR"},
            }
        )
    return found


def fill() -> str:
    """Let the canary live: imported, sent, loaded, looked at; some of it in the tables, some on its way. Gives their reference."""
    from regulars.workspace import Workspace
    from regulars_server.intake.door.inbox import InboxRow
    from regulars_server.intake.public import create_source, open_inbox
    from regulars_server.loading.public import flush, tick
    from regulars_server.serving.public import build

    fresh_installation()
    create_source(slug="website", name="Website", kind="server", actor="system", now=TODAY)
    workspace = Workspace.open(settings.CONFIG.workspace)
    file = settings.CONFIG.uploads / "orders.csv"
    rows = ["order,customer,date,amount,country"] + [
        f"f-{n},other-{n % 6},{TODAY - timedelta(days=n + 2):%Y-%m-%d},10.00,DE" for n in range(40)
    ]
    rows += [f"f-canary,{USER},{TODAY - timedelta(days=30):%Y-%m-%d},12.00,DE", f"f-bad,{USER},never,12.00,DE"]
    file.write_text("\n".join(rows), encoding="utf-8")
    workspace.import_file(file)
    file.unlink()
    inbox = open_inbox()
    micros = int(TODAY.timestamp() * 1e6)

    def send(*batch: dict[str, Any]) -> None:
        inbox.append([InboxRow(0, micros, "website", "batch", json.dumps({"batch": batch}).encode(), {"user_agent": "canary-agent"})])

    try:
        send(*calls())
        now = datetime.now(UTC)
        tick(now, inbox=inbox)
        flush(now, force=True, inbox=inbox)
        build(now)
        send({"type": "track", "userId": USER, "event": "Came Later", "messageId": "canary-later", "properties": {"x": "canary"}})
        tick(now, inbox=inbox)
        send({"type": "track", "userId": USER, "event": "Came Last", "messageId": "canary-last", "properties": {"x": "canary"}})
    finally:
        inbox.close()
    return reference()


def customer_id() -> str:
    """The customer that the canary's traces were joined to."""
    from regulars_server.profiles import public

    return public.customer_of(USER) if hasattr(public, "customer_of") else USER


def reference() -> str:
    from regulars_server.shared.public import reference_of

    return reference_of(customer_id())


def found_in_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Files in which a canary is left: raw, and read by whoever understands them."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_socket():
            continue
        name = str(path.relative_to(folder))
        for text in _texts(path):
            if hit := SOUGHT.search(text) or SOUGHT.search(name):
                yield name, text[max(hit.start() - 40, 0) : hit.end() + 40]
                break


def _texts(path: Path) -> Iterator[str]:
    yield path.read_bytes().decode("latin-1")
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        yield str(pq.read_table(path).to_pylist())
    elif path.suffix == ".duckdb":
        import duckdb

        with duckdb.connect(str(path), read_only=True) as file:
            for (table,) in file.execute("select table_name from duckdb_tables()").fetchall():
                yield str(file.execute(f'select * from "{table}"').fetchall())
    elif path.suffix in {".gz", ".zst"}:
        import pyarrow as pa

        yield pa.input_stream(str(path), compression="detect").read().decode("latin-1")


def found_in_rows() -> Iterator[tuple[str, str]]:
    """Rows of any model in which a canary is left."""
    for model in apps.get_models(include_auto_created=True):
        for row in model._default_manager.values_list():
            text = str([bytes(value) if isinstance(value, memoryview) else value for value in row])
            if SOUGHT.search(text):
                yield model._meta.label, text
