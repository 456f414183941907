"""The covariate of CUPED: what is expected of each customer."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from regulars.demo import cdnow_orders
from regulars.experiments.covariates import FITTED, PAST, PREDICTED, _past_value, covariate
from regulars.experiments.cuped import adjust
from regulars.predictions.snapshots import ordered
from regulars.workspace import Workspace
from tests.builders import company
from tests.regulars.experiments.test_simulations import documented

ORDERS = [{"at": f"2024-0{month}-05", "customer": "a", "amount": 500} for month in (1, 2, 3)] + [
    {"at": "2024-03-30", "customer": "b", "amount": 70}
]


class TestCovariate:
    def test_is_the_latest_prediction_where_there_is_one(self):
        rows = [
            {"at": at, "customer": "a", "name": "clv_minor", "value": value, "model_version": "m"}
            for at, value in (("2024-03-02", 8.0), ("2024-03-01", 9.0))
        ]
        with company(orders=ORDERS, predictions=rows) as session:
            assert covariate(session, ["a", "b"]) == ([8.0, None], PREDICTED)

    def test_is_fitted_where_nothing_is_stored_and_never_a_refusal(self):
        with company(orders=ORDERS) as session:
            values, basis = covariate(session, ["a", "b", "unknown"])
        assert basis in (FITTED, PAST)
        assert all(value is None or np.isfinite(value) for value in values)

    def test_is_the_past_where_no_model_can_be_fitted(self):
        with company(orders=[{"at": "2024-03-05", "customer": "a", "amount": 500}]) as session:
            assert covariate(session, ["a", "b"]) == ([500.0, 0.0], PAST)


@pytest.mark.suite
class TestOnCdnow:
    def test_takes_the_documented_part_of_the_variance_away(self, tmp_path, repository):
        with cdnow_orders() as path:
            shop = Workspace.create(tmp_path / "shop")
            shop.import_file(path, currency="USD")
        with shop.session() as session:
            with session.earlier(date(1997, 9, 30)) as earlier:
                past = _past_value(earlier)
                customers = sorted(past)
                fitted, basis = covariate(earlier, customers)
            import pyarrow as pa

            _orders, net = ordered(session, pa.array(customers), date(1997, 10, 1), 273)
        assert basis == FITTED
        for name, known in (("predicted CLV", fitted), ("net value of the last 365 days", [past[c] for c in customers])):
            values = np.array(known, float)
            found = adjust([net[::2].astype(float), net[1::2].astype(float)], [values[::2], values[1::2]])
            assert documented(repository, name) == [f"{100 * found.variance_reduction:.1f} %"]
