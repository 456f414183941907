from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest

from regulars.predictions.churn.frames import frame
from regulars.predictions.health import left_after, observe
from tests.builders import company

ORDERS = [{"at": day, "customer": who, "amount": 1000} for who in ("ann", "bob") for day in ("2024-01-01", "2024-02-01", "2024-03-01")]
ORDERS += [{"at": "2024-05-10", "customer": "bob", "amount": 500}]


def traits(at, **said):
    return {"at": at, "customer": "ann", "traits": json.dumps(said)}


@pytest.mark.suite
class TestObserve:
    def observed(self, day=None, **tables):
        with company(orders=ORDERS, **tables) as session:
            found = observe(session, day or session.as_of_day, 30).facts
            names = ["customer_id", "customer_roi", "health_rating", "members"]
            return {row.pop("customer_id"): row for row in found.select(names).to_pylist()}

    def test_reads_traits_value_by_value_the_latest_first(self):
        rows = [
            traits("2024-01-01", customer_roi=2.5, health_rating=80),
            traits("2024-02-01", customer_roi="3,5"),
            traits("2024-03-01", health_rating="60"),
        ]
        found = self.observed(customers=rows)
        assert found["ann"] == {"customer_roi": 2.5, "health_rating": 60.0, "members": None}
        assert found["bob"] == {"customer_roi": None, "health_rating": None, "members": None}

    def test_does_not_see_what_was_said_later(self):
        rows = [traits("2024-01-01", health_rating=80), traits("2024-04-20", health_rating=10)]
        assert self.observed(date(2024, 4, 1), customers=rows)["ann"]["health_rating"] == 80.0

    @pytest.mark.parametrize(
        "text", ['{"health_rating": ', "[]", '{"health_rating": true}', '{"health_rating": NaN}', '{"health_rating": "good"}']
    )
    def test_leaves_out_what_is_no_number(self, text):
        assert self.observed(customers=[{"at": "2024-01-01", "customer": "ann", "traits": text}])["ann"]["health_rating"] is None

    def test_counts_members_of_accounts(self):
        orders = [{**order, "account_id": "acme"} for order in ORDERS]
        accounts = [{"at": "2024-01-01", "account_id": "acme", "members": '["ann", "bob", "cid", "ann"]', "traits": '{"customer_roi": 4}'}]
        with company(orders=orders, accounts=accounts, customer_unit="account") as session:
            (row,) = observe(session, session.as_of_day, 30).facts.to_pylist()
        assert (row["customer_id"], row["members"], row["customer_roi"]) == ("acme", 3.0, 4.0)


@pytest.mark.suite
class TestLeftAfter:
    def test_is_no_order_in_the_horizon(self):
        with company(orders=ORDERS) as session:
            assert left_after(session, observe(session, date(2024, 4, 1), 30), 30).tolist() == [1.0, 1.0]
            assert left_after(session, observe(session, date(2024, 4, 11), 30), 30).tolist() == [1.0, 0.0]

    def test_is_no_running_subscription_at_its_end_where_churn_is_a_cancellation(self):
        rows = [{"subscription": who, "customer": who, "at": "2024-01-01", "mrr": 1000} for who in ("ann", "bob")]
        rows += [{"subscription": "bob", "customer": "bob", "at": "2024-04-20", "change": "cancel"}]
        rows += [{"subscription": "cid", "customer": "cid", "at": "2024-01-01", "mrr": 1000, "term_end": "2024-04-15"}]
        rows += [{"subscription": "dan", "customer": "dan", "at": "2024-01-01", "mrr": 1000, "term_end": "2024-12-31"}]
        with company(subscriptions=rows, orders=ORDERS) as session:
            seen = observe(session, date(2024, 4, 1), 30)
            assert left_after(session, seen, 10).tolist()[:2] == [0.0, 0.0]
            # cid did not renew within the grace; how dan's term ends nobody knows yet.
            assert left_after(session, seen, 30).tolist()[:3] == [0.0, 1.0, 1.0]
            assert np.isnan(left_after(session, seen, 30)[3])
            assert np.isnan(left_after(session, seen, 30, known_by=date(2024, 4, 20))).all()
            made = frame(session, seen, 30, by_cancellation=True).known_at(session.as_of_day)
            assert made.left.tolist() == [0.0, 1.0, 1.0], "what the churn model learns"
