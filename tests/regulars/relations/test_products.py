"""Products as they were last called."""

from __future__ import annotations

import regulars.relations.products  # noqa: F401 - declares them
from tests.builders import company

ORDERS = [{"at": f"2024-01-0{day}", "customer": "ann", "order": f"o{day}", "amount": 100} for day in range(1, 6)]


def products(*lines, orders=ORDERS):
    with company(orders=orders, order_lines=[{"amount": 100, "at": f"2024-01-0{line['order'][1]}", **line} for line in lines]) as session:
        return {row["product_id"]: (row["product_name"], row["category"]) for row in session.kept("products").to_pylist()}


class TestProducts:
    def test_a_name_and_a_category_are_the_latest_that_there_are_each_by_itself(self) -> None:
        lines = [
            {"order": "o1", "product_id": "p", "product_name": "Old", "category": "Garden"},
            {"order": "o2", "product_id": "p", "product_name": "New", "category": None},
            {"order": "o3", "product_id": "p", "product_name": None, "category": None},
        ]
        assert products(*lines) == {"p": ("New", "Garden")}

    def test_of_lines_at_one_instant_the_larger_row_key_counts(self) -> None:
        lines = [
            {"order": "o1", "product_id": "p", "product_name": "Second", "row_key": "b"},
            {"order": "o1", "product_id": "p", "product_name": "First", "row_key": "a"},
        ]
        assert products(*lines) == {"p": ("Second", None)}

    def test_lines_of_orders_that_were_not_kept_say_nothing(self) -> None:
        cancelled = {"at": "2024-01-05", "customer": "ann", "order": "o5", "kind": "cancellation", "amount": -100}
        lines = [
            {"order": "o1", "product_id": "p", "product_name": "Kept"},
            {"order": "o5", "product_id": "p", "product_name": "Cancelled"},
        ]
        assert products(*lines, orders=[*ORDERS, cancelled]) == {"p": ("Kept", None)}

    def test_a_product_that_never_had_a_name_is_there_without_one(self) -> None:
        assert products({"order": "o1", "product_id": "p"}) == {"p": (None, None)}
