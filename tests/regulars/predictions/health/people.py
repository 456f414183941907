"""Customers by hand: snapshots of facts in which everything that a test does not say is as little as can be."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from regulars.facts import columns
from regulars.predictions.health import Standards, assess
from regulars.predictions.health.inputs import Scale, seen
from regulars.predictions.snapshots import Snapshot
from regulars.settings import Settings

DAY = date(2024, 6, 3)
TRAITS = ("customer_roi", "health_rating", "members")
REGULAR = {"active": True, "orders": 10, "gaps": 9, "usual_gap_days": 31.0, "days_since_order": 20, "tenure_days": 300, "orders_90d": 3}
"""A customer in time."""
SETTINGS = Settings(name="Shop")
ACCOUNTS = Settings(name="Software", customer_unit="account")


def ago(days, day=DAY):
    """The date so many days before."""
    return day - timedelta(days=days)


def snapshot(*people, day=DAY):
    """A snapshot of customers c0, c1, ... (or `customer_id`) from the facts given; dates may be given as days before `day`."""
    facts = columns()
    dates = {fact.name for fact in facts if fact.kind.value == "date"}
    rows = []
    for place, given in enumerate(people):
        unknown = set(given) - {fact.name for fact in facts} - {"customer_id", *TRAITS}
        assert not unknown, unknown
        row = {"customer_id": f"c{place:03d}", **{f.name: f.empty for f in facts}, **dict.fromkeys(TRAITS), "active": False, **given}
        rows.append({name: ago(value, day) if name in dates and isinstance(value, int) else value for name, value in row.items()})
    schema = pa.schema([("customer_id", pa.string()), *((f.name, f.kind.arrow) for f in facts), *((name, pa.float64()) for name in TRAITS)])
    return Snapshot(day, pa.Table.from_pylist(rows, schema=schema))


def source(*people, day=DAY):
    """The columns of such a snapshot."""
    return seen(snapshot(*people, day=day))


def standards(**changes):
    """Standards with thresholds of 60 and 40 and no yardsticks."""
    given = {"scale": Scale(), "green_from": 60.0, "red_below": 40.0, "second_order_days": 30.0, "chosen": "default", **changes}
    return Standards(frozen_on=ago(90), **given)


def assessed(*people, risk=0.1, settings=SETTINGS, **more):
    """The assessment of one week: everybody with the same risk, or one each."""
    risks = np.broadcast_to(np.asarray(risk, dtype=float), len(people)).copy()
    more.setdefault("standards", standards())
    return assess([snapshot(*people)], [risks], settings=settings, **more)


def lights(*people, **more):
    """Their lights."""
    return assessed(*people, **more).table.column("light").to_pylist()
