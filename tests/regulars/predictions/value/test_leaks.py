"""Nothing after the as-of instant may change one number."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from regulars.metrics import Undefined
from regulars.predictions.value import audit_value, fit_company, forecast
from regulars.predictions.value.subscribers import fit_subscribers
from tests.companies.random import Company, Sizes
from tests.regulars.predictions.value.simulated import START, Shop


def numbers(session):
    """All that is said of a session, as plain values."""
    value = fit_company(session, months=2)
    ahead, audit = forecast(session, days=30), audit_value(session, days=30)
    subscribed = fit_subscribers(session)
    return {
        "value": value
        if isinstance(value, Undefined)
        else (value.customers().to_pylist(), value.total().to_pylist(), [str(n) for n in value.notes]),
        "forecast": ahead
        if isinstance(ahead, Undefined)
        else [t.to_pylist() for t in (ahead.ahead, ahead.past, ahead.backtest, ahead.coverage)],
        "audit": {name: table.to_pylist() for name, table in audit.tables.items()},
        "subscribers": subscribed if isinstance(subscribed, Undefined) else subscribed.customers().to_pylist(),
    }


class TestNothingLater:
    @pytest.mark.suite
    @pytest.mark.parametrize("seed", range(4))
    def test_changes_one_number_of_a_random_company(self, opened, seed):
        random = Company(seed, Sizes(orders=120, refunds=20, returns=20, cancellations=8))
        as_of = datetime(2024, 5, 20, 10, 30)
        before = {name: [r for r in rows if r["occurred_at"] < as_of] for name, rows in random.tables.items()}
        whole = opened(**random.tables, as_of=as_of, **random.rules)
        cut = opened(**before, as_of=as_of, **random.rules)
        assert numbers(whole) == numbers(cut)

    @pytest.mark.suite
    def test_changes_one_number_of_a_shop(self, over):
        orders = Shop(customers=150, days=400, seed=8).orders()
        end = START + np.timedelta64(280, "D")
        keep = orders.column("occurred_at").to_numpy() < end
        as_of = end.astype("datetime64[D]").item() - timedelta(days=1)
        assert numbers(over(orders, as_of=as_of)) == numbers(over(orders.filter(keep), as_of=as_of))

    @pytest.mark.suite
    def test_changes_one_number_of_an_earlier_look(self, over):
        orders = Shop(customers=150, days=400, seed=9).orders()
        session = over(orders)
        (look,) = audit_value(session, days=90, backtests=1)["totals"].to_pylist()
        keep = orders.column("occurred_at").to_numpy() < np.datetime64(look["looked_on"])
        alone = fit_company(over(orders.filter(keep), as_of=look["looked_on"] - timedelta(days=1)), backtests=0)
        expected = alone.model.expected_orders(alone.bought.histories, 90)
        assert expected.sum() == pytest.approx(look["expected_orders"], rel=1e-12)
