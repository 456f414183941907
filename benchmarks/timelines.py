"""Timelines of customers of whom something came just now, and some of whom were merged just now: what they take inside a process.

Usage: timelines.py WORKSPACE ADDRESS SECONDS, beside `regulars up` there, once its serving file is built. Sends events of customers through the door,
merges some of them by fours, and puts their timelines together as the page does. Prints JSON: p50 and p95 in milliseconds, and a merged customer.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Sequence

PEOPLE = 160
"""Customers of whom something comes; a half of them is merged."""
EACH = 10
"""Events of each."""
MERGED = 4
ACTOR = "benchmark"


def start(workspace: str) -> None:
    """Django over the installation."""
    os.environ |= {"REGULARS_WORKSPACE": str(Path(workspace).absolute()), "DJANGO_SETTINGS_MODULE": "regulars_server.settings"}
    import django

    django.setup()


def chosen() -> list[str]:
    """Customers from all over the list, some with long timelines and some with short ones."""
    from regulars_server.serving.public import CustomerQuery, built, customers

    found = built()
    assert found is not None
    step = max(1, found.customers // PEOPLE)
    people: list[str] = []
    for offset in range(0, step * PEOPLE, step * 10):
        page = customers(CustomerQuery(sort="revenue", offset=offset, limit=10))
        assert page is not None
        people += [str(row["customer_id"]) for row in page.rows]
    return people[:PEOPLE]


def send(address: str, people: Sequence[str]) -> None:
    """Events of these customers, through the door."""
    from regulars_server.intake.public import create_source

    now = datetime.now(UTC)
    key = create_source(slug="benchmark", name="Benchmark", kind="server", actor=ACTOR, now=now).write_key
    token = base64.b64encode(f"{key}:".encode()).decode()
    for turn in range(EACH):
        calls = [
            {
                "type": "track",
                "event": "Product Viewed",
                "messageId": f"benchmark-{turn}-{number}",
                "userId": who,
                "timestamp": now.isoformat(),
                "properties": {"product_id": f"p{number}", "price": 12.5, "quantity": 1},
            }
            for number, who in enumerate(people)
        ]
        for _attempt in range(100):
            answer = httpx.post(f"{address}/v1/batch", json={"batch": calls}, headers={"Authorization": f"Basic {token}"}, timeout=60)
            if answer.status_code == 200:  # a source is known at the door within a second
                break
            time.sleep(0.1)
        answer.raise_for_status()


def wait_for(people: Sequence[str]) -> float:
    """Until all of it is in the hot tail; seconds since it was sent."""
    from regulars_server.loading.public import hot

    began = time.perf_counter()
    while len(hot(list(people), EACH * len(people))) < EACH * len(people):
        time.sleep(0.05)
        if time.perf_counter() - began > 300:
            raise SystemExit("the events did not come")
    return time.perf_counter() - began


def merge(people: Sequence[str]) -> list[str]:
    """Customers by fours become one each."""
    from regulars_server.profiles.public import merge as merge_two

    merged = []
    for first in range(0, len(people) - MERGED + 1, MERGED):
        for other in people[first + 1 : first + MERGED]:
            customer = merge_two(left=people[first], right=other, actor=ACTOR, now=datetime.now(UTC), evidence="measured")
        merged.append(customer)
    return merged


def measure(customers: Sequence[str], seconds: float) -> dict[str, Any]:
    """The first stretch of their timelines, in turn."""
    from regulars_server.console.customer import timeline
    from regulars_server.profiles.public import profile_of

    identities = [profile_of(customer).identity_ids or (customer,) for customer in customers]
    for ids in identities[:5]:
        timeline.page(ids)
    taken, entries = [], 0
    until = time.perf_counter() + seconds
    for ids in cycle(identities):
        began = time.perf_counter()
        page = timeline.page(ids)
        taken.append(1000 * (time.perf_counter() - began))
        entries += len(page.entries)
        if time.perf_counter() > until:
            break
    taken.sort()
    quantiles = {name: round(taken[int(len(taken) * share)], 1) for name, share in (("p50", 0.5), ("p95", 0.95))}
    return {**quantiles, "n": len(taken), "entries": round(entries / len(taken), 1), "identities": len(identities[0])}


def main(workspace: str, address: str, seconds: str) -> None:
    """All of it."""
    start(workspace)
    from regulars_server.shared.references import reference_of

    people = chosen()
    send(address, people)
    waited = wait_for(people)
    half = len(people) // 2
    merged = merge(people[:half])
    found = {
        "one identity, hot tail": measure(people[half:], float(seconds)),
        f"{MERGED} merged since the build, hot tail": measure(merged, float(seconds)),
    }
    print(json.dumps({"timelines": found, "seconds_until_hot": round(waited, 2), "merged": reference_of(merged[0])}))


if __name__ == "__main__":
    main(*sys.argv[1:])
