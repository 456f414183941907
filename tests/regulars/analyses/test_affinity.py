import pytest

from tests.builders import company
from tests.regulars.analyses.asking import ask


def shop(*baskets):
    orders = [{"at": "2024-01-01", "customer": "ann", "amount": 10, "order": f"o{i}"} for i in range(len(baskets))]
    lines = [
        {"at": "2024-01-01", "order": f"o{i}", "product_id": product, "amount": 1, "product_name": product}
        for i, basket in enumerate(baskets)
        for product in basket
    ]
    return company(orders=orders, order_lines=lines)


class TestAffinity:
    def test_counts_presence_and_compares_with_popularity(self):
        result = ask(shop("ab", "aab", "abc", "a", "c"), "affinity", min_orders=2)
        (pair,) = result["pairs"].to_pylist()
        assert (pair["product_a"], pair["product_b"], pair["together"], pair["orders_a"], pair["orders_b"]) == ("a", "b", 3, 4, 3)
        assert pair["support"] == pytest.approx(3 / 5)
        assert (pair["confidence_a_b"], pair["confidence_b_a"]) == (pytest.approx(3 / 4), pytest.approx(1))
        assert pair["lift"] == pytest.approx(3 * 5 / (4 * 3))
        assert [r["product_id"] for r in result["popular"].to_pylist()] == ["a", "b", "c"]

    def test_gives_the_most_frequent_pairs_first_and_equals_by_id(self):
        pairs = ask(shop("abc", "abc", "bc"), "affinity", min_orders=1, top=2)["pairs"].to_pylist()
        assert [(p["product_a"], p["product_b"], p["together"]) for p in pairs] == [("b", "c", 3), ("a", "b", 2)]
