"""An experiment reads the same on every engine."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from regulars.experiments.assignment import _assigned
from regulars.experiments.outcomes import outcomes, reached
from regulars.experiments.planning import outlook
from regulars.experiments.reading import read
from tests.builders import company
from tests.regulars.experiments.test_outcomes import some_rows, spring
from tests.regulars.test_engines_agree import open_engine

pytestmark = pytest.mark.suite


def everything(engine):
    """All that the queries of experiments say of one company."""
    orders, assignments = some_rows(5)
    tables = {
        "orders": orders,
        "assignments": assignments,
        "order_lines": [
            {
                "at": o["at"],
                "customer": o["customer"],
                "order": o["order"],
                "amount": o["amount"],
                "unit_cost_minor": o["amount"] / 3,
                "quantity": 1.0,
            }
            for o in orders
            if "order" in o and o.get("kind", "purchase") == "purchase"
        ],
        "predictions": [
            {"at": a["at"], "customer": a["customer"], "name": "cuped:spring", "value": float(n), "model_version": "test"}
            for n, a in enumerate(assignments)
            if n % 3
        ],
        "messages": [
            {"at": a["at"] + timedelta(days=1), "customer": a["customer"], "message_id": "m", "step": "sent", "campaign": "mail"}
            for a in assignments[::3]
        ],
        "identities": [{"at": "2024-03-20", "customer": "c01", "customer_id": "c00"}],
    }
    experiment = spring(campaigns=("mail",))
    with company(engine=engine, time_zone="Europe/Berlin", as_of=datetime(2024, 4, 24, 22), **tables) as session:
        found = outcomes(session, experiment)
        columns = [
            found.customers.to_pylist(),
            found.arms.tolist(),
            found.start_days.tolist(),
            found.orders.tolist(),
            found.revenue.tolist(),
        ]
        return {
            "outcomes": [*columns, np.round(found.margin, 6).tolist(), np.nan_to_num(found.covariate, nan=-1).tolist()],
            "beside": (found.margin_basis, found.waiting, found.conflicts, found.before_data),
            "reached": sorted(reached(session, experiment, columns[0])),
            "arms": read(session, experiment).arms.to_pylist(),
            "undeclared": sorted(read(session, "spring").experiment.arms),
            "assigned": _assigned(session, "spring"),
            "outlook": [round(row.baseline, 6) for row in outlook(session).rows],
        }


class TestEngines:
    @pytest.mark.parametrize("name", ["postgres", "clickhouse"])
    def test_agree_on_an_experiment(self, name, request):
        address = request.getfixturevalue("postgres_url") if name == "postgres" else None
        assert everything(open_engine(name, address)) == everything(open_engine("duckdb"))
