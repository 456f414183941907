"""Predictions as they are kept, made up: what a run of the models would give, in a few words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa

ORDERS = """customer,date,amount
anna,2024-01-05,10.00
anna,2024-02-05,20.00
ben,2024-01-20,30.00
ben,2024-05-20,5.50
carla,2024-03-01,40.00
"""
SEEN = {
    "customer_id": pa.string(),
    "churn_risk": pa.float64(),
    "churn_low": pa.float64(),
    "churn_high": pa.float64(),
    "p_alive": pa.float64(),
    "expected_orders": pa.float64(),
    "clv_minor": pa.int64(),
    "clv_low_minor": pa.int64(),
    "clv_high_minor": pa.int64(),
    "health_score": pa.float64(),
    "light": pa.string(),
    "light_by_score": pa.string(),
    "light_rule": pa.string(),
    "previous_light": pa.string(),
    "money_at_risk_minor": pa.int64(),
    "region": pa.string(),
}


@dataclass
class Learned:
    """A model of one file."""

    version: str
    files: dict[str, bytes] = field(default_factory=lambda: {"model.json": b"{}"})
    withheld: tuple[str, ...] = ()

    def as_files(self):
        return self.files


@dataclass
class Said:
    """A run's answer."""

    as_of: datetime
    table: pa.Table
    models: dict[str, Learned]
    reasons: dict[str, list]
    notes: tuple = ()

    def why(self, customer_ids):
        return [self.reasons.get(who, []) for who in customer_ids]


def customer(who, light="green", **more):
    """One row; what is not given is plausible."""
    row = {"churn_risk": 0.2, "churn_low": 0.1, "churn_high": 0.3, "p_alive": 0.9, "expected_orders": 2.5, "clv_minor": 5000}
    row |= {"clv_low_minor": 1000, "clv_high_minor": 9000, "health_score": 70.0, "light_by_score": light, "light_rule": None}
    return {"customer_id": who, "light": light, "money_at_risk_minor": 1000, "region": "north", **row, **more}


def said(as_of, *customers, churn="c1", value="v1", reasons=None, withheld=()):
    """A run as of midnight after a date, such as 2024-05-20."""
    instant = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
    rows = [{name: row.get(name) for name in SEEN} for row in customers]
    table = pa.Table.from_pylist(rows, schema=pa.schema(list(SEEN.items())))
    models = {"churn": Learned(churn), "value": Learned(value)} | ({"health": Learned("h1", withheld=withheld)} if withheld else {})
    return Said(instant, table, models, reasons or {})


def kept(workspace, *runs):
    """Keep the runs one after the other, and give the loads' records."""
    from regulars.predictions import rows, store

    records = []
    for run in runs:
        with workspace.stage(source=rows.SOURCE) as load:
            records.append(store.keep(run, load, workspace.folder / "models", workspace.loads()))
    return records
