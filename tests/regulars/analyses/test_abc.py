import pytest

from tests.builders import company
from tests.regulars.analyses.asking import ask


def shop(*lines):
    """One order per line: (product, amount) or with further columns."""
    orders, rows = [], []
    for i, (product, amount, more) in enumerate((*line, {})[:3] for line in lines):
        orders.append({"at": f"2024-01-{i + 1:02}", "customer": f"c{i % 2}", "amount": max(amount, 1), "order": f"o{i}"})
        rows.append(
            {
                "at": f"2024-01-{i + 1:02}",
                "order": f"o{i}",
                "product_id": product,
                "amount": amount,
                "product_name": product.upper(),
                **more,
            }
        )
    return company(orders=orders, order_lines=rows)


class TestAbc:
    def test_an_item_is_a_while_the_share_before_it_is_below_80_per_cent(self):
        # 50, 30, 15, 5: before them lie 0, 50, 80 and 95 %.
        result = ask(shop(("a", 50), ("b", 30), ("c", 15), ("d", 5)), "abc")
        rows = result["items"].to_pylist()
        assert [(r["item"], r["class"]) for r in rows] == [("a", "A"), ("b", "A"), ("c", "B"), ("d", "C")]
        assert [r["cumulative_share"] for r in rows] == pytest.approx([0.5, 0.8, 0.95, 1.0])
        assert rows[0]["name"] == "A"
        assert [(r["class"], r["items"]) for r in result["classes"].to_pylist()] == [("A", 2), ("B", 1), ("C", 1)]

    def test_what_brings_nothing_is_c(self):
        rows = ask(shop(("a", 0), ("b", 10)), "abc")["items"].to_pylist()
        assert {r["item"]: r["class"] for r in rows} == {"b": "A", "a": "C"}

    def test_leaves_postage_out(self):
        rows = ask(shop(("post", 90, {"is_goods": False}), ("b", 10)), "abc")["items"].to_pylist()
        assert [r["item"] for r in rows] == ["b"]

    def test_ranks_by_margin_where_the_cost_is_known(self):
        lines = [("a", 100, {"unit_cost_minor": 90.0}), ("b", 50, {"unit_cost_minor": 10.0}), ("c", 500)]
        rows = ask(shop(*lines), "abc", measure="margin")["items"].to_pylist()
        assert [(r["item"], r["value_minor"]) for r in rows] == [("b", 40.0), ("a", 10.0)]

    def test_ranks_customers_too(self):
        rows = ask(shop(("a", 50), ("b", 30), ("c", 15)), "abc", of="customers", measure="orders")["items"].to_pylist()
        assert [(r["item"], r["value"]) for r in rows] == [("c0", 2), ("c1", 1)]
