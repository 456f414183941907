import itertools

import pytest

from regulars.analyses.rfm_names import SEGMENT_OF, SEGMENTS
from tests.builders import company
from tests.regulars.analyses.asking import ask


class TestNames:
    def test_cover_every_triple_once(self):
        assert sorted(SEGMENT_OF) == list(itertools.product(range(1, 6), repeat=3))
        assert len(SEGMENTS) == 11
        assert set(SEGMENT_OF.values()) == set(SEGMENTS)


class TestRfm:
    def test_scores_by_rank_from_worst_to_best_and_ties_share_the_smallest_rank(self):
        # Five buyers: recency by day, frequency 1 1 1 1 2, value 100 100 300 400 550.
        orders = [
            {"at": "2024-01-01", "customer": "a", "amount": 100},
            {"at": "2024-01-02", "customer": "b", "amount": 100},
            {"at": "2024-01-03", "customer": "c", "amount": 300},
            {"at": "2024-01-04", "customer": "d", "amount": 400},
            {"at": "2024-01-04", "customer": "e", "amount": 500},
            {"at": "2024-01-05", "customer": "e", "amount": 50},
        ]
        result = ask(company(orders=orders), "rfm")
        rows = {r["customer_id"]: r for r in result["customers"].to_pylist()}
        assert {c: (r["r"], r["f"], r["m"]) for c, r in rows.items()} == {
            "a": (1, 1, 1), "b": (2, 1, 1), "c": (3, 1, 3), "d": (4, 1, 4), "e": (5, 5, 5),
        }  # fmt: skip
        assert rows["a"]["recency_days"] == 5
        assert rows["a"]["segment"] == "Lost"
        assert rows["e"]["segment"] == "Champions"
        segments = result["segments"].to_pylist()
        assert sum(r["customers"] for r in segments) == 5
        assert sum(r["share"] for r in segments) == pytest.approx(1)

    def test_values_a_customer_net_of_returns(self):
        orders = [
            {"at": "2024-01-01", "customer": "a", "amount": 1000},
            {"at": "2024-01-09", "customer": "a", "amount": -400, "kind": "refund", "linked": False, "order": "r1"},
        ]
        assert ask(company(orders=orders), "rfm")["customers"].to_pylist()[0]["monetary_minor"] == 600
