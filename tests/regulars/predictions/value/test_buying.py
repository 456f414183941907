"""What the models of value learn from, against a plain walk over the rows."""

from collections import defaultdict

import numpy as np
import pytest

from regulars.periods import day_number
from regulars.predictions.value.buying import histories, read
from tests.companies.random import Company


def order(at, customer="ann", amount=1000, **rest):
    return {"at": at, "customer": customer, "amount": amount, **rest}


class TestHistories:
    def test_count_order_days_not_orders(self, opened):
        session = opened(
            orders=[
                order("2024-01-01T09:00"),
                order("2024-01-01T18:00", amount=500),
                order("2024-01-11"),
                order("2024-01-31", amount=3000),
            ],
            as_of=None,
        )
        ids, h = histories(session)
        assert ids.to_pylist() == ["ann"]
        assert (h.frequency.tolist(), h.recency_days.tolist(), h.age_days.tolist()) == ([2], [30], [31])
        assert h.mean_value.tolist() == [2000.0]  # the first day is not in it

    def test_leave_out_orders_without_value_left_and_people_unknown(self, opened):
        session = opened(
            orders=[
                order("2024-01-01", amount=0),
                order("2024-01-02", "bob", order_id="b1"),
                {"at": "2024-01-03", "customer": "bob", "kind": "refund", "order": "b1", "amount": -1000},
                order("2024-01-04", None),
                order("2024-01-05", "cid"),
            ]
        )
        ids, h = histories(session)
        assert ids.to_pylist() == ["cid"]
        assert h.mean_value.tolist() == [0.0]

    def test_book_a_refund_on_its_order(self, opened):
        session = opened(
            orders=[
                order("2024-01-01"),
                order("2024-01-05", order_id="o2", amount=800),
                {"at": "2024-01-09", "customer": "ann", "kind": "refund", "order": "o2", "amount": -300},
            ]
        )
        assert histories(session)[1].mean_value.tolist() == [500.0]

    def test_share_out_what_returns_without_an_order_took_back(self, opened):
        session = opened(
            orders=[
                order("2024-01-01"),
                order("2024-01-05"),
                {"at": "2024-01-09", "customer": "ann", "kind": "refund", "linked": False, "amount": -500},
            ]
        )
        bought = read(session)
        assert bought.histories.mean_value.tolist() == [1000.0]
        assert bought.returned_minor == -500
        assert bought.returned_share == 0.25

    def test_of_nobody_are_empty(self, opened):
        session = opened(events=[{"at": "2024-01-01", "customer": "ann", "name": "Signed In"}])
        ids, h = histories(session)
        assert len(ids) == 0
        assert h.buyers == 0

    @pytest.mark.parametrize("seed", [0, 3, *(pytest.param(s, marks=pytest.mark.suite) for s in (1, 2, 4, 5, 6, 7))])
    def test_agree_with_a_walk_over_the_order_days(self, opened, seed):
        random = Company(seed)
        session = opened(**random.tables, as_of=random.as_of, **random.rules)
        rows = session.kept("order_days").to_pylist()
        days = defaultdict(list)
        for row in rows:
            days[row["customer_id"]].append((row["local_day"], row["net_minor"], row["orders"]))
        bought = read(session)
        assert bought.customer_ids.to_pylist() == sorted(days)
        for place, customer in enumerate(sorted(days)):
            own = sorted(days[customer])
            repeats = [net for _, net, _ in own[1:]]
            h = bought.histories
            assert h.frequency[place] == len(own) - 1
            assert h.recency_days[place] == own[-1][0] - own[0][0]
            assert h.age_days[place] == day_number(session.as_of_day) - own[0][0]
            assert h.mean_value[place] == (sum(repeats) / len(repeats) if repeats else 0)
            assert bought.orders[place] == sum(n for _, _, n in own)
            assert bought.first_net_minor[place] == own[0][1]
        assert np.all(bought.net_minor >= bought.first_net_minor)
