from datetime import date, timedelta

import numpy as np
import pytest

from tests.builders import company
from tests.regulars.analyses.asking import ask

pytestmark = pytest.mark.suite


def shop(purchases, last_day=200):
    """(customer, day, product) triples as orders of one line."""
    orders, lines = [], []
    for number, (who, day, product) in enumerate(purchases):
        at = date(2024, 1, 1) + timedelta(days=day)
        orders.append({"at": at, "customer": who, "amount": 500, "order": f"o{number}"})
        lines.append({"at": at, "customer": who, "order": f"o{number}", "product_id": product, "product_name": product, "amount": 500})
    return company(orders=orders, order_lines=lines, as_of=date(2024, 1, 1) + timedelta(days=last_day))


def two_tastes(count=60):
    """Tea people and coffee people: each buys two products of its own kind, and later a third; everybody has bread, some jam."""
    bought = []
    for i in range(count):
        own = ["tea", "pot", "cup"] if i % 2 else ["coffee", "mill", "mug"]
        own = own[i % 3 :] + own[: i % 3]
        who = f"c{i:03d}"
        bought += [(who, 0, "bread"), (who, 10, own[0]), (who, 20, own[1]), (who, 190, own[2])]
        bought += [(who, 5, "jam")] if i % 5 == 0 else []
    return bought


class TestNextProduct:
    def test_names_what_buyers_of_the_same_products_bought_where_that_finds_more(self):
        result = ask(shop(two_tastes()), "next_product", k=1, min_customers=3)
        check = {row["method"]: row for row in result["check"].to_pylist()}
        assert check["cosine"]["hit_share"] == 1.0
        assert check["popularity"]["hit_share"] < 0.7
        assert check["cosine"]["used"]
        assert not check["popularity"]["used"]

    def test_uses_popularity_and_says_so_where_it_finds_as_much(self):
        chance = np.random.default_rng(7)
        bought = [
            (f"c{i:03d}", int(day), f"p{int(product)}")
            for i in range(80)
            for day, product in zip((0, 30, 60, 190, 195), chance.choice(12, 5, p=np.arange(12, 0, -1) / 78), strict=True)
        ]
        result = ask(shop(bought), "next_product", k=3, min_customers=3)
        check = {row["method"]: row for row in result["check"].to_pylist()}
        assert check["popularity"]["recall"] >= max(check["cosine"]["recall"], check["blend"]["recall"])
        assert check["popularity"]["used"]
        assert "the most popular" in str(result.note("popularity_used"))

    def test_never_names_what_somebody_has_unless_it_is_bought_again_and_due(self):
        # Everybody buys soap every 30 days and a lamp once; soap was bought 20 days ago by the first half, 40 by the others.
        bought = [(f"c{i:02d}", day, "soap") for i in range(10) for day in ((0, 30, 60, 90) if i < 5 else (0, 30, 60, 70))]
        bought += [(f"c{i:02d}", 0, "lamp") for i in range(10)] + [(f"d{i}", 0, "rug") for i in range(5)]
        rows = ask(shop(bought, 109), "next_product", min_customers=3)["suggestions"].to_pylist()
        named = {who: [row["product_id"] for row in rows if row["customer_id"] == who] for who in ("c00", "c09", "d0")}
        assert named == {"c00": ["rug"], "c09": ["soap", "rug"], "d0": ["lamp", "soap"]}

    def test_says_by_which_of_the_customers_products_a_suggestion_came(self):
        rows = ask(shop(two_tastes()[:-4]), "next_product", k=1, min_customers=3)["suggestions"].to_pylist()
        (last,) = [row for row in rows if row["customer_id"] == "c058"]
        assert last["near_product_id"] in {"coffee", "mill", "mug", "bread", "jam"}

    def test_leaves_the_choice_to_popularity_where_few_came_back(self):
        result = ask(shop(two_tastes(16)), "next_product", min_customers=2)
        assert result.note("few_to_judge").values["customers"] == 16
        assert [row["used"] for row in result["check"].to_pylist()] == [True, False, False]

    def test_says_that_there_is_nothing_to_suggest(self):
        assert ask(shop([("ann", 0, "tea")]), "next_product").note("few_products")

    def test_keeps_to_the_first_of_many_products(self, monkeypatch):
        monkeypatch.setattr("regulars.analyses.item_cosine.MOST_PRODUCTS", 3)
        result = ask(shop(two_tastes()), "next_product", min_customers=3)
        assert len(result["popular"]) == 3
        assert len({row["product_id"] for row in result["suggestions"].to_pylist()}) <= 3

    def test_gives_recall_with_its_interval(self):
        row = ask(shop(two_tastes()), "next_product", k=1, min_customers=3)["check"].to_pylist()[0]
        assert row["recall_low"] < row["recall"] < row["recall_high"]
        assert row["recall"] == pytest.approx(row["hit_share"])
