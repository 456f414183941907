"""Companies whose customers leave in a known way, as Arrow tables."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa

from regulars.relations import Session
from regulars.settings import Settings
from regulars.tables import TABLES
from regulars.warehouse.engines.duckdb import DuckDB
from tests.builders import arrow

START = date(2022, 1, 1)


def session_of(as_of=None, **tables_and_rules):
    """A session over Arrow tables or lists of rows; the other keywords are rules."""
    engine = DuckDB(threads=1)
    for name in TABLES:
        given = tables_and_rules.pop(name, [])
        engine.load(name, given if isinstance(given, pa.Table) else arrow(name, given))
    return Session(engine, Settings(name="company", **tables_and_rules), as_of=as_of)


def order_table(customers, days, amounts, discounts=None):
    """Orders at noon of days after the start."""
    n = len(customers)
    at = np.datetime64(datetime(START.year, START.month, START.day, 12), "us") + np.asarray(days) * np.timedelta64(1, "D")
    plain = {
        "occurred_at": pa.array(at),
        "recorded_at": pa.array(at),
        "source": ["test"] * n,
        "row_key": [f"{i:07}" for i in range(n)],
        "row_hash": [""] * n,
        "load_id": ["load"] * n,
        "identity_id": [f"c{c:05}" for c in customers],
        "order_id": [f"o{i}" for i in range(n)],
        "kind": ["purchase"] * n,
        "linked": [True] * n,
        "amount_minor": np.asarray(amounts, dtype=np.int64),
        "currency": ["EUR"] * n,
        "discount_minor": np.zeros(n, dtype=np.int64) if discounts is None else np.asarray(discounts, dtype=np.int64),
    }
    schema = TABLES["orders"].arrow_schema
    return pa.table([pa.array(plain[f.name], f.type) if f.name in plain else pa.nulls(n, f.type) for f in schema], schema=schema)


def coming_and_going(customers=400, days=600, seed=0, rate=1 / 40, drop=1 / 5):
    """Orders of customers who order at their own rate and, after each order, leave for good with some chance."""
    chance = np.random.default_rng(seed)
    who, when = [], []
    for customer in range(customers):
        day, own = chance.integers(0, days - 60), rate * chance.gamma(2.0, 0.5)
        while day < days:
            who.append(customer)
            when.append(int(day))
            if chance.random() < drop:
                break
            day += max(1, round(chance.exponential(1 / max(own, 1e-3))))
    order = np.argsort(when, kind="stable")
    return order_table(np.array(who)[order], np.array(when)[order], chance.integers(500, 9000, len(who)))


def subscribers(customers=300, months=24, seed=0):
    """Subscriptions by the month that are renewed, the less probably the more the customer complains; rows for three tables."""
    chance = np.random.default_rng(seed)
    subscriptions, tickets, events = [], [], []
    for customer in range(customers):
        name, start = f"c{customer:04}", START + timedelta(days=int(chance.integers(0, 400)))
        unhappy = chance.random() < 0.4
        for k in range(months):
            day, until = start + timedelta(days=30 * k), start + timedelta(days=30 * (k + 1))
            if day > START + timedelta(days=30 * months):
                break
            subscriptions.append(
                {"effective_at": str(day), "customer": name, "subscription": f"s{customer}", "mrr": 2000, "term_end": str(until)}
                | {"change": "start" if k == 0 else "renew"}
            )
            if unhappy and chance.random() < 0.7:
                tickets.append({"at": str(day + timedelta(days=5)), "customer": name, "ticket_id": f"t{customer}-{k}", "step": "opened"})
            if not unhappy or chance.random() < 0.3:
                events.append({"at": str(day + timedelta(days=7)), "customer": name, "name": "used"})
            if chance.random() < (0.25 if unhappy else 0.03):
                break
    return {"subscriptions": subscriptions, "tickets": tickets, "events": events, "meaningful_events": ("used",)}
