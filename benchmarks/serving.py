"""The serving file: how long it takes to build, and what lists and timelines take that are read from it.

Usage: serving.py make FOLDER CUSTOMERS EVENTS   a made-up file with that many customers and entries, without a workspace behind it
       serving.py read FOLDER [SECONDS]          lists, searches and timelines from it; prints p50 and p95 in milliseconds as JSON
       serving.py build WORKSPACE                the file of a workspace (company.py makes one); prints what it took as JSON
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 1, tzinfo=UTC)
IDENTITIES = 4
"""Identities of the customers whose timelines are asked for, which were merged after the build: the dearest case."""


def start(folder: str) -> None:
    """Django over an installation in the folder."""
    os.environ |= {"REGULARS_WORKSPACE": str(Path(folder).absolute()), "DJANGO_SETTINGS_MODULE": "regulars_server.settings"}
    import django

    django.setup()
    from django.conf import settings

    settings.CONFIG.make_folders()


def make(folder: str, customers: str, events: str) -> None:
    """Fill the tables of the file by SQL, in the order in which a build leaves them."""
    start(folder)
    from django.conf import settings

    from regulars_server.serving import searching
    from regulars_server.serving.contracts import Built
    from regulars_server.serving.engine import BuildingEngine
    from regulars_server.serving.layout import FILE, FORMAT, as_plain

    people, entries = int(customers), int(events)
    path = settings.CONFIG.serving / FILE
    path.unlink(missing_ok=True)
    with closing(BuildingEngine(spill=path.parent)) as file:
        file.attach(path)
        file.do("use serving")
        file.do("set memory_limit = '2GB'")
        file.do(f"""
            create table customers as select hash('user-' || i) as key, 'user-' || i as customer_id, lower(left(md5('r' || i), 16)) as reference,
                'Given' || (i % 5003) || ' Family' || (i % 70001) as name, 'given' || (i % 5003) || '.' || i || '@example.com' as email,
                '+4930' || (1000000 + i) as phone,
                lower(concat_ws(' ', 'Given' || (i % 5003) || ' Family' || (i % 70001), 'given' || (i % 5003) || '.' || i || '@example.com',
                    '+4930' || (1000000 + i), 'user-' || i)) as search,
                ['DE', 'AT', 'CH', 'FR', null][1 + (i % 5)] as country, ['search', 'social', 'shop', null][1 + (i % 4)] as acquisition_channel,
                null::varchar as acquisition_campaign, '2025-0' || (1 + i % 9) as cohort, date '2025-01-01' + (i % 300)::integer as first_order_on,
                date '2025-06-01' + (hash(i) % 500)::integer as last_order_on, (i % 500)::bigint as days_since_order, (1 + i % 30)::bigint as orders,
                (i % 3)::bigint as orders_90d, (hash(i + 1) % 1000000)::bigint as net_minor, (hash(i + 1) % 100000)::bigint as net_365d_minor,
                (hash(i + 1) % 1000000)::bigint as value_minor, 2500.0 as average_order_value_minor, 0::bigint as refunded_minor,
                30.0 as usual_gap_days, null::varchar as favourite_product, null::double as nps_score, 0::bigint as tickets_open,
                0::bigint as mrr_minor, null::varchar as plan, date '2026-01-01' as last_active_on, true as active, false as lapsed,
                (hash(i + 2) % 1000) / 1000.0 as churn_risk, (hash(i + 3) % 200000)::bigint as clv_minor, 1.5 as expected_orders,
                (hash(i + 4) % 100)::double as health_score, ['green', 'amber', 'red', 'lapsed', 'new'][(1 + hash(i + 5) % 5)::bigint] as light,
                case when i % 3 = 0 then (hash(i + 6) % 50000)::bigint end as money_at_risk_minor, date '2026-10-31' as predicted_on,
                '[{{"code": "silent_longer_than_usual", "says": "silent", "days": 83, "usual": 23}}]' as reasons
            from range({people}) as r(i) order by key""")
        file.do(f"""
            create table timeline as select hash('user-' || who) as owner, 'user-' || who as customer_id, 'user-' || who as identity,
                null::varchar as account, timestamp '2025-01-01' + to_seconds((hash(i) % 50000000)::bigint) as occurred_at,
                case when i % 10 = 0 then 'orders' else 'events' end as "table",
                case when i % 10 = 0 then 'purchase' else 'Product Viewed' end as kind, case when i % 10 = 0 then 'o' || i end as thing,
                json_object('table', 'events', 'kind', 'Product Viewed', 'amount_minor', case when i % 10 = 0 then 2500 end,
                    'currency', case when i % 10 = 0 then 'EUR' end, 'detail', json_object('product_id', 'p' || (i % 1000), 'properties',
                    json_object('page', '/catalogue/item/' || i, 'price', 12.5, 'quantity', 2)), 'source', 'web', 'row_key', md5(i::varchar),
                    'load_id', '20261101T000000000000Z-0a1b2c3d')::varchar as entry
            from (select i, hash(i * 7) % {people} as who from range({entries}) as r(i)) order by owner, occurred_at desc""")
        file.do("create table identities as select distinct owner as key, identity, owner, customer_id from timeline order by key")
        about = Built(
            as_of=NOW, built_at=NOW, seconds=0.0, customers=people, entries=entries, loads=1, latest_load="", currency="EUR", zone="UTC"
        )
        file.do("create table refs as select hash(reference) as key, reference, customer_id from customers order by key")
        file.do("create table meta (format integer, built varchar)")
        file.do("insert into meta values (?, ?)", [FORMAT, json.dumps(as_plain(about))])
        searching.write(file)
        file.do("use memory")
        file.detach()
    print(json.dumps({"bytes": path.stat().st_size}))


def asked(people: int) -> dict[str, Callable[[random.Random], Any]]:
    """What is measured: each is called with a source of chance, so that no two calls are the same."""
    from regulars_server.serving.public import CustomerQuery, customer, customer_id_of, customers, timeline

    def ids(dice: random.Random, n: int) -> list[str]:
        return [f"user-{dice.randrange(people)}" for _ in range(n)]

    def listed(**query: Any) -> Callable[[random.Random], Any]:
        return lambda _dice: customers(CustomerQuery(**query))

    return {
        "timeline, one identity": lambda dice: timeline(ids(dice, 1), limit=50),
        f"timeline, {IDENTITIES} merged since": lambda dice: timeline(ids(dice, IDENTITIES), limit=50),
        "timeline, 40 merged since": lambda dice: timeline(ids(dice, 40), limit=50),
        "customer": lambda dice: customer(ids(dice, 1)[0]),
        "customer by reference": lambda _dice: customer_id_of("0123456789abcdef"),
        "list": listed(),
        "list by last order": listed(sort="last_order"),
        "list by name": listed(sort="name", descending=False),
        "list, light and country": listed(lights=("red", "amber"), country="DE"),
        "list, page 1,000": listed(offset=50_000),
        "list, page 10,000": listed(offset=500_000),
        "search, whole address": lambda dice: customers(CustomerQuery(search=f"given{dice.randrange(5003)}.{dice.randrange(people)}@")),
        "search, part of a name": lambda dice: customers(CustomerQuery(search=f"family{dice.randrange(70001)}")),
        "search, two words, by value": lambda dice: customers(CustomerQuery(search=f"given{dice.randrange(5003)} 77", sort="value")),
    }


def read(folder: str, seconds: str = "3") -> None:
    """Each for some seconds, alone."""
    start(folder)
    from regulars_server.serving.public import built

    found = built()
    assert found is not None
    answer: dict[str, Any] = {"customers": found.customers, "entries": found.entries}
    for name, work in asked(found.customers).items():
        dice, taken = random.Random(1), []
        work(dice)
        until = time.perf_counter() + float(seconds)
        while time.perf_counter() < until or len(taken) < 20:
            began = time.perf_counter()
            work(dice)
            taken.append(1000 * (time.perf_counter() - began))
        taken.sort()
        answer[name] = {"p50": round(taken[len(taken) // 2], 1), "p95": round(taken[int(len(taken) * 0.95)], 1), "calls": len(taken)}
    answer["peak_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps(answer))


def build(workspace: str) -> None:
    """Build the file of a workspace, without the overview."""
    start(workspace)
    from django.conf import settings

    from regulars.workspace import Workspace
    from regulars_server.serving.building import build_here

    steps: list[tuple[str, float]] = []
    began = time.perf_counter()
    built = build_here(
        Workspace.open(settings.CONFIG.workspace),
        datetime.now(UTC),
        progress=lambda _fraction, step: steps.append((step, round(time.perf_counter() - began, 1))),
    )
    assert built is not None
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "customers": built.customers,
                "entries": built.entries,
                "seconds": round(time.perf_counter() - began, 1),
                "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
                "peak_mib": round(usage.ru_maxrss / 1024),
                "steps": steps,
            }
        )
    )


{"make": make, "read": read, "build": build}[sys.argv[1]](*sys.argv[2:])
