"""Churn risks of a million customers from their facts, by each kind of model. Usage: churn_scoring.py CUSTOMERS RUNS; prints JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from regulars.predictions.churn.calibration import Calibration
from regulars.predictions.churn.card import ModelCard
from regulars.predictions.churn.choosing import Choice, Rules, model_of
from regulars.predictions.churn.columns import Columns
from regulars.predictions.churn.features import BY_INACTIVITY
from regulars.predictions.churn.frames import Frame, histories
from regulars.predictions.churn.model import ChurnModel
from regulars.predictions.snapshots import Snapshot

DAY = date(2026, 1, 1)
LEARNED_FROM = 50_000
RULES = Rules(by_cancellation=False, horizon_days=90)


def facts(customers: int) -> pa.Table:
    """Facts such as a shop has: most customers ordered once or twice, some often; some returned, complained, answered."""
    chance = np.random.default_rng(1)
    tenure = chance.integers(1, 1500, customers)
    days = np.minimum(1 + chance.geometric(0.45, customers) * (chance.random(customers) < 0.5), tenure)
    since = np.where(days > 1, (tenure * chance.beta(1, 2, customers)).astype(int), tenure)
    gap = np.where(days > 1, np.maximum((tenure - since) / np.maximum(days - 1, 1), 1), np.nan)
    net = (days * chance.lognormal(8, 0.7, customers)).astype(np.int64)
    recent = {n: np.minimum(days, chance.poisson(np.clip(days * n / tenure, 0, 20) * (since < n))) for n in (30, 90, 365)}
    counts = {f"orders_{n}d": v for n, v in recent.items()} | {f"net_{n}d_minor": net * v // days for n, v in recent.items()}
    rare = {
        name: chance.poisson(0.1, customers) for name in ("refunds", "cancellations", "tickets", "tickets_90d", "tickets_open", "answers")
    }
    some = {
        name: _sometimes(chance.integers(0, 11, customers), chance) for name in ("nps_score", "csat_score", "ces_score", "rating_score")
    }
    on = pa.array([DAY - timedelta(days=int(d)) for d in range(int(tenure.max()) + 1)], pa.date32())
    columns = {
        "customer_id": pa.array(np.arange(customers)).cast(pa.string()),
        "last_active_on": on.take(pa.array(since)),
        "last_event_on": pa.nulls(customers, pa.date32()),
        "days_since_order": since,
        "tenure_days": tenure,
        "gaps": days - 1,
        "orders": days,
        "net_minor": net,
        "average_order_value_minor": net / days,
        "usual_gap_days": gap,
        "longest_gap_days": gap * 1.5,
        "overdue_ratio": since / gap,
        "days_late": np.maximum(since - gap, 0),
        "events_30d": np.zeros(customers),
        "events_90d": np.zeros(customers),
        "refund_share": chance.beta(0.2, 5, customers),
        "discounted_order_share": chance.random(customers),
        "polarity": np.full(customers, np.nan),
        **counts,
        **rare,
        **some,
    }
    made = {name: pa.array(v, from_pandas=True) if isinstance(v, np.ndarray) else v for name, v in columns.items()}
    return pa.table(made)


def _sometimes(values: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    return np.where(chance.random(len(values)) < 0.1, values, np.nan)


def learned(table: pa.Table) -> Frame:
    """A frame of the first customers, who leave the more probably the longer they were silent."""
    source = Columns(table.slice(0, LEARNED_FROM), DAY)
    columns = {f.name: f.of(source) for f in BY_INACTIVITY} | histories(source)
    odds = columns["log_days_since_active"] - 4 - columns["log_orders"]
    left = (np.random.default_rng(2).random(source.n) < 1 / (1 + np.exp(-odds))).astype(float)
    return Frame(DAY, columns, left, np.zeros(source.n, dtype=np.int64), np.ones(source.n, dtype=bool), np.ones(source.n), 1500, source.n)


def card() -> ModelCard:
    """A card that says what scoring needs to know."""
    empty = dict.fromkeys(("snapshots", "features", "scores", "experience", "drift", "notes"), ())
    plain = {
        "kind": "",
        "as_of": "",
        "data_from": "",
        "calibration": "none",
        "version": "",
        "strength": None,
        "left_out": {},
        "libraries": {},
    }
    return ModelCard(by_cancellation=False, horizon_days=90, n=0, leavers=0, seed=0, **empty, **plain)


def main(customers: int, runs: int) -> None:
    """Print the quickest of some runs by kind."""
    snapshot = Snapshot(DAY, facts(customers))
    frame = learned(snapshot.facts)
    said: dict[str, float] = {}
    for kind in ("logistic", "clv", "lightgbm"):
        model = ChurnModel(model_of(Choice(kind), [frame], RULES), Calibration(), card())
        taken = []
        for _turn in range(1 if kind == "lightgbm" else runs):
            start = time.perf_counter()
            risk = model.risk(snapshot)
            taken.append(time.perf_counter() - start)
        assert np.isfinite(risk).all()
        said[kind] = min(taken)
        if kind == "logistic":
            start = time.perf_counter()
            model.reasons(snapshot, np.arange(customers))
            said["reasons"] = time.perf_counter() - start
    print(json.dumps({**said, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
