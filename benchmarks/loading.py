"""How many events a CPU second the loader moves from the inbox into the tables, on SQLite: batches of 100, a shop's usual mix.

Usage: loading.py [EVENTS [--profile]]. Prints a table, and as its last line JSON.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 100
EVENTS_EACH = 12
"""Events of one visitor."""
AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36"
START = datetime(2026, 11, 1, tzinfo=UTC)


def visits(events: int, name: str) -> Iterator[list[dict[str, Any]]]:
    """Batches of calls: nine of ten visitors stay anonymous for a while, every fourth says who they are, every fifth buys."""
    chance = random.Random(7)
    open_visits: list[tuple[str, str | None, int]] = []
    batch: list[dict[str, Any]] = []
    visitors = 0
    for number in range(events):
        if len(open_visits) < 200:
            visitors += 1
            open_visits.append((f"{name}{chance.getrandbits(128):032x}", None, 0))
        place = chance.randrange(len(open_visits))
        anonymous, user, done = open_visits[place]
        at = START + timedelta(milliseconds=200 * number)
        call = _call(chance, number, anonymous, user, done)
        if call["type"] == "identify":
            user = call["userId"]
        batch.append(_whole(call, number, anonymous, user, at))
        open_visits[place] = (anonymous, user, done + 1)
        if done + 1 >= EVENTS_EACH:
            open_visits.pop(place)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _call(chance: random.Random, number: int, anonymous: str, user: str | None, done: int) -> dict[str, Any]:
    draw = chance.random()
    product = {"product_id": f"p{chance.randrange(500)}", "name": "Green tea, loose", "price": 12.5, "quantity": 1, "category": "tea"}
    if user is None and done == 3 and draw < 0.25:
        traits = {"email": f"{anonymous[:12]}@mail.example.net", "name": "A Name", "country": "DE"}
        return {"type": "identify", "userId": f"u{anonymous[:10]}", "traits": traits}
    if done == EVENTS_EACH - 1 and draw < 0.2:
        order = {"order_id": f"o{number}", "revenue": 25.0, "shipping": 4.9, "tax": 4.0, "currency": "EUR"}
        return {
            "type": "track",
            "event": "Order Completed",
            "properties": {**order, "products": [product, {**product, "product_id": "p1"}]},
        }
    if draw < 0.55:
        page = {"url": f"https://shop.example/tea/{product['product_id']}", "path": "/tea", "title": "Tea", "referrer": ""}
        return {"type": "page", "name": "Product", "properties": page}
    event = "Product Viewed" if draw < 0.85 else "Product Added"
    return {"type": "track", "event": event, "properties": {**product, "currency": "EUR", "position": 3}}


def _whole(call: dict[str, Any], number: int, anonymous: str, user: str | None, at: datetime) -> dict[str, Any]:
    context = {
        "library": {"name": "analytics.js", "version": "next-1.70.0"},
        "locale": "de-DE",
        "page": {"path": "/tea", "referrer": "", "search": "", "title": "Tea", "url": "https://shop.example/tea"},
        "userAgent": AGENT,
        "timezone": "Europe/Berlin",
    }
    stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    common = {
        "messageId": f"{anonymous[:4]}-ajs-next-{at.timestamp():.0f}-{number:032x}",
        "timestamp": stamp,
        "anonymousId": anonymous,
        "context": context,
    }
    return {**call, **common, "userId": call.get("userId", user), "integrations": {}}


def prepare(folder: Path) -> None:
    """An installation on SQLite in `folder`."""
    os.environ |= {"REGULARS_WORKSPACE": str(folder), "DJANGO_SETTINGS_MODULE": "regulars_server.settings"}
    os.environ.pop("REGULARS_DATABASE_URL", None)
    subprocess.run([sys.executable, "-m", "regulars_server.running.preparing"], check=True, stdout=subprocess.DEVNULL)
    import django

    django.setup()


def fill(events: int, name: str = "") -> int:
    """Put the calls into the inbox; says how many bytes."""
    from regulars_server.intake.public import InboxRow, open_inbox

    inbox, size = open_inbox(), 0
    rows = []
    for number, batch in enumerate(visits(events, name)):
        sent = START + timedelta(milliseconds=200 * (number + 1) * BATCH)
        body = json.dumps({"batch": batch, "sentAt": sent.isoformat(), "writeKey": "k"}).encode()
        size += len(body)
        rows.append(InboxRow(0, int(sent.timestamp() * 1e6) + 40_000, "website", "batch", body, {"ip": "192.0.2.0", "user_agent": AGENT}))
        if len(rows) == 50:
            inbox.append(rows)
            rows = []
    inbox.append(rows)
    inbox.close()
    return size


def load() -> dict[str, Any]:
    """Empty the inbox; what it took."""
    from regulars_server.intake.public import open_inbox
    from regulars_server.loading.public import flush, take_lease, tick

    lease, inbox = take_lease(), open_inbox()
    events, ticking, longest, flushes = 0, 0.0, 0.0, 0
    wall, cpu = time.perf_counter(), cpu_seconds()
    more = True
    while more:
        begun, spent = time.perf_counter(), cpu_seconds()
        ticked = tick(lease=lease, inbox=inbox)
        longest = max(longest, time.perf_counter() - begun)
        ticking += cpu_seconds() - spent
        events, more = events + ticked.events, ticked.more
        flushes += flush(lease=lease, inbox=inbox, force=not more).load_id is not None
    spent = cpu_seconds() - cpu
    lease.release()
    inbox.close()
    return {
        "events": events,
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": spent,
        "per_cpu_second": events / spent,
        "ticking_cpu_seconds": ticking,
        "longest_tick": longest,
        "flushes": flushes,
    }


def main(events: int, *, profiled: bool) -> None:
    """Fill, load, print."""
    with tempfile.TemporaryDirectory(prefix="regulars-loading-") as folder:
        prepare(Path(folder) / "data")
        # What is imported at the first use is no part of it.
        fill(500, "warm")
        load()
        size = fill(events)
        if profiled:
            import cProfile
            import pstats

            profile = cProfile.Profile()
            found = profile.runcall(load)
            pstats.Stats(profile).sort_stats("cumtime").print_stats(70)
        else:
            found = load()
    print(f"{found['events']:,} events of {size / events:,.0f} bytes in {found['seconds']:.1f} s")
    print(
        f"{found['per_cpu_second']:,.0f} events per CPU second, of the CPU time {found['ticking_cpu_seconds'] / found['cpu_seconds']:.0%} in ticks"
    )
    print(json.dumps(found))


if __name__ == "__main__":
    numbers = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    main(int(numbers[0]) if numbers else 300_000, profiled="--profile" in sys.argv)
