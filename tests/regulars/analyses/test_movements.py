from datetime import date

import pytest

from tests.builders import company
from tests.regulars.analyses.asking import ask

SUBSCRIPTIONS = [
    {"subscription": "s1", "customer": "ann", "at": "2024-01-10", "mrr": 1000},
    {"subscription": "s1", "customer": "ann", "at": "2024-02-10", "change": "upgrade", "mrr": 1500},
    {"subscription": "s1", "customer": "ann", "at": "2024-03-10", "change": "downgrade", "mrr": 1200},
    {"subscription": "s1", "customer": "ann", "at": "2024-04-10", "change": "cancel", "mrr": 0},
    {"subscription": "s2", "customer": "ann", "at": "2024-06-10", "mrr": 900},
    {"subscription": "s3", "customer": "bob", "at": "2024-06-20", "mrr": 100},
    {"subscription": "s4", "customer": "cid", "at": "2024-07-02", "mrr": 100},
    {"subscription": "s4", "customer": "cid", "at": "2024-07-30", "change": "cancel", "mrr": 0},
]


class TestCustomers:
    def test_add_up_with_who_came_came_back_and_lapsed(self):
        orders = [
            {"at": "2024-01-15", "customer": "ann", "amount": 1},
            {"at": "2024-03-20", "customer": "ann", "amount": 1},
            {"at": "2024-03-25", "customer": "bob", "amount": 1},
        ]
        rows = ask(company(orders=orders, inactive_after_days=30, as_of=date(2024, 5, 31)), "movements")["customers"].to_pylist()
        figures = [(r["opening"], r["new"], r["back"], r["lapsed"], r["closing"]) for r in rows]
        assert figures == [(0, 1, 0, 0, 1), (1, 0, 0, 1, 0), (0, 1, 1, 0, 2), (2, 0, 0, 2, 0), (0, 0, 0, 0, 0)]

    def test_count_apart_who_joined_and_left_inside_a_window(self):
        orders = [
            {"at": "2024-01-02", "customer": "ann", "amount": 1},
            {"at": "2024-01-31", "customer": "bob", "amount": 1},
            {"at": "2024-02-29", "customer": "cid", "amount": 1},
        ]
        january = ask(company(orders=orders, inactive_after_days=7), "movements")["customers"].to_pylist()[0]
        assert (january["opening"], january["new"], january["lapsed"], january["closing"], january["joined_and_left"]) == (0, 1, 0, 1, 1)

    def test_go_by_the_subscription_where_there_are_subscriptions(self):
        rows = ask(company(subscriptions=SUBSCRIPTIONS), "movements")["customers"].to_pylist()
        assert [(r["opening"], r["new"], r["back"], r["lapsed"], r["closing"], r["joined_and_left"]) for r in rows] == [
            (0, 1, 0, 0, 1, 0), (1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 1, 0), (1, 0, 0, 1, 0, 0), (0, 0, 0, 0, 0, 0), (0, 1, 1, 0, 2, 0), (2, 0, 0, 0, 2, 1),
        ]  # fmt: skip


class TestMrr:
    def test_adds_up_with_what_each_movement_brought(self):
        rows = ask(company(subscriptions=SUBSCRIPTIONS), "movements")["mrr"].to_pylist()
        names = ("opening", "new", "reactivated", "expansion", "contraction", "churned", "closing")
        assert [tuple(r[f"{name}_minor"] for name in names) for r in rows] == [
            (0, 1000, 0, 0, 0, 0, 1000),
            (1000, 0, 0, 500, 0, 0, 1500),
            (1500, 0, 0, 0, 300, 0, 1200),
            (1200, 0, 0, 0, 0, 1200, 0),
            (0, 0, 0, 0, 0, 0, 0),
            (0, 100, 900, 0, 0, 0, 1000),
            (1000, 0, 0, 0, 0, 0, 1000),
        ]


@pytest.mark.suite
class TestCdnow:
    def test_closes_with_the_customers_that_the_issue_names(self, shared_data):
        # 3,610 -> 3,301 in June 1998, 948 of them silent: issue 2, "The retention review".
        from tests.companies.shops import cdnow

        rows = ask(company(orders=cdnow(shared_data)["orders"]), "movements")["customers"].to_pylist()
        june = rows[-1]
        assert (june["opening"], june["lapsed"], june["closing"]) == (3610, 948, 3301)
        assert all(r["opening"] + r["new"] + r["back"] - r["lapsed"] == r["closing"] for r in rows)
