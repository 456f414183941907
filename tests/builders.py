"""Small companies from lists of rows: what a test does not say has a plain default."""

from __future__ import annotations

from datetime import date, datetime
from itertools import count

import pyarrow as pa

from regulars import metrics
from regulars.relations import Session
from regulars.settings import Settings
from regulars.tables import TABLES
from regulars.warehouse.engines.duckdb import DuckDB

ALWAYS = {"source": "test", "row_hash": "", "load_id": "load"}
DEFAULTS = {
    "orders": {"kind": "purchase", "linked": True, "currency": "EUR"},
    "order_lines": {"kind": "purchase", "quantity": 1.0, "is_goods": True, "currency": "EUR", "product_id": "thing"},
    "subscriptions": {"change": "start", "currency": "EUR", "involuntary": False},
    "costs": {"kind": "media", "purpose": "acquisition", "paid": True, "currency": "EUR"},
    "identities": {"rule": "merge"},
    "responses": {"state": "answered", "high_is_good": True},
}
SHORT = {
    "at": "occurred_at",
    "customer": "identity_id",
    "order": "order_id",
    "amount": "amount_minor",
    "subscription": "subscription_id",
    "mrr": "mrr_after_minor",
}
"""Short names that rows may use."""


def company(*, as_of=None, engine=None, known_at=None, loaded_at=None, **tables_and_rules):
    """A session over the rows given by table name; all other keywords are rules.

    `company(orders=[{"at": "2024-01-05", "customer": "ann", "amount": 1000}], time_zone="Europe/Berlin")`. Instants are UTC; a row without an
    id gets one by its place; a purchase's refund names the order: `{"kind": "refund", "order": "o1", "amount": -200}`.
    """
    rows = {name: tables_and_rules.pop(name) for name in list(tables_and_rules) if name in TABLES}
    engine = engine or DuckDB(threads=1)
    for name in TABLES:
        engine.load(name, arrow(name, rows.get(name, [])))
    return Session(engine, Settings(name="company", **tables_and_rules), as_of=as_of, known_at=known_at, loaded_at=loaded_at)


def arrow(name, rows):
    """`rows` as the canonical table `name`."""
    schema = TABLES[name].arrow_schema
    number = count(1)
    full = [_filled(name, row, next(number), schema) for row in rows]
    return pa.Table.from_pylist(full, schema=schema)


def _filled(name, given, number, schema):
    row = {**ALWAYS, **DEFAULTS.get(name, {}), **{SHORT.get(key, key): value for key, value in given.items()}}
    unknown = sorted(set(row) - set(schema.names))
    assert not unknown, f"{name} has no column {', '.join(unknown)}"
    if name == "costs" and "occurred_at" not in row:
        row["occurred_at"] = row["starts_on"]
    if name == "exchange_rates" and "occurred_at" not in row:
        row["occurred_at"] = row["on_date"]
    if name == "subscriptions":
        row.setdefault("effective_at", row.get("occurred_at"))
        row.setdefault("occurred_at", row["effective_at"])
        row.setdefault("mrr_after_minor", 0)
        row.setdefault("mrr_before_minor", 0)
    if name == "orders":
        row.setdefault("order_id", f"o{number}")
    row.setdefault("row_key", f"{number:06}")
    row.setdefault("recorded_at", row["occurred_at"])
    return {key: _typed(value, schema.field(key).type) for key, value in row.items()}


def _typed(value, kind):
    if value is None or not isinstance(value, str):
        if isinstance(value, date) and not isinstance(value, datetime) and pa.types.is_timestamp(kind):
            return datetime(value.year, value.month, value.day)
        return value
    if pa.types.is_timestamp(kind):
        return datetime.fromisoformat(value)
    if pa.types.is_date(kind):
        return date.fromisoformat(value[:10])
    return value


def window(session, start=None, end=None, by=None):
    """Windows from ISO dates."""
    return session.windows(start and date.fromisoformat(start), end and date.fromisoformat(end), by)


def values(session, name, start=None, end=None, by=None, group_by=None, **arguments):
    """All values of a metric, as `{group or window start: MetricValue}`; without groups and windows use `value`."""
    result = metrics.run(session, name, window(session, start, end, by), group_by, **arguments)
    return {(v.group if group_by else str(v.window_start)): v for v in result}


def value(session, name, start=None, end=None, **arguments):
    """The one value of a metric in one window."""
    (only,) = metrics.run(session, name, window(session, start, end), **arguments)
    return only
