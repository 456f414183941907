from datetime import date, timedelta

import numpy as np
import pytest

from regulars.errors import ArgumentRefused
from tests.builders import company
from tests.regulars.analyses.asking import ask

pytestmark = pytest.mark.suite

START = date(2024, 1, 1)


def shop(count=300, *, telling=True, prospects=True, seed=3):
    """Half of the buyers come by `friends`; where `telling`, these go on ordering after the first month."""
    chance = np.random.default_rng(seed)
    customers, orders = [], []
    for i in range(count):
        who, friends, first = f"c{i:04d}", i % 2 == 0, int(chance.integers(0, 200))
        customers.append({"at": START, "customer": who, "acquisition_channel": "friends" if friends else "ads"})
        often = 4 if friends and telling else 1
        days = [0, *(40 + int(chance.integers(0, 60)) for _ in range(chance.integers(0, 2 * often)))]
        orders += [
            {"at": START + timedelta(days=first + day), "customer": who, "amount": 1000 + int(chance.integers(0, 400))} for day in days
        ]
    if prospects:
        customers += [{"at": START, "customer": f"p{i}", "acquisition_channel": "friends" if i < 3 else "ads"} for i in range(6)]
    return company(customers=customers, orders=orders, as_of=START + timedelta(days=299))


class TestLookalikes:
    def test_finds_the_trait_that_marks_the_best(self):
        result = ask(shop(), "lookalikes", within_days=120)
        top = result["persona"].to_pylist()[0]
        assert (top["trait"], top["marks_the_best"]) == ("acquisition_channel = friends", True)
        assert top["lift"] == pytest.approx(top["best_share"] / top["all_share"])
        assert top["lift"] > 1.5

    def test_scores_the_young_the_small_and_prospects_and_says_what_they_share(self):
        result = ask(shop(), "lookalikes", within_days=120, top=1000)
        rows = {row["customer_id"]: row for row in result["lookalikes"].to_pylist()}
        assert {row["group"] for row in rows.values()} == {"young", "small", "prospect"}
        assert rows["p0"]["score"] > 2 * rows["p5"]["score"]
        assert rows["p0"]["shared"] == "acquisition_channel = friends"
        assert (rows["p0"]["value_minor"], rows["p0"]["first_on"], rows["p5"]["shared"]) == (0, None, "")
        assert all(0 < row["score"] < 1 for row in rows.values())

    def test_leaves_out_the_best_themselves(self):
        result = ask(shop(), "lookalikes", within_days=120, top=1000)
        note = result.note("judged_after").values
        assert note["best"] == -(-note["customers"] // 5)
        groups = [row["group"] for row in result["lookalikes"].to_pylist()]
        assert groups.count("small") == note["customers"] - note["best"]

    def test_says_that_it_cannot_tell_where_the_beginning_tells_nothing(self):
        result = ask(shop(telling=False), "lookalikes", within_days=120, by="orders")
        models = {row["model"]: row for row in result["models"].to_pylist()}
        assert not models["country and channel alone"]["used"]
        assert models["country and channel alone"]["low"] <= 0.5
        assert result.note("cannot_tell")
        assert "prospect" not in {row["group"] for row in result["lookalikes"].to_pylist()}

    def test_gives_the_persona_but_no_scores_of_a_company_of_40(self):
        result = ask(shop(40), "lookalikes", within_days=60)
        assert result.note("few_best")
        assert len(result["lookalikes"]) == 0
        assert len(result["persona"]) > 0

    def test_says_that_nobody_has_lived_long_enough(self):
        orders = [{"at": "2024-01-01", "customer": "ann", "amount": 100}]
        assert ask(company(orders=orders), "lookalikes", within_days=60).note("nobody_judged")

    def test_takes_a_product_by_its_name_where_there_are_no_categories(self):
        orders = [{"at": "2024-01-01", "customer": f"c{i}", "amount": 100 + i, "order": f"o{i}"} for i in range(40)]
        lines = [{"at": "2024-01-01", "customer": f"c{i}", "order": f"o{i}", "product_id": f"p{i % 2}", "product_name": f"Tea {i % 2}",
                  "amount": 100} for i in range(40)]  # fmt: skip
        traits = ask(company(orders=orders, order_lines=lines, as_of=date(2024, 6, 1)), "lookalikes")["persona"].to_pylist()
        assert {"first order holds Tea 0", "first order holds Tea 1"} <= {row["trait"] for row in traits}

    @pytest.mark.parametrize("arguments", [{"by": "looks"}, {"within_days": 7}, {"top": 0}])
    def test_refuses_what_it_cannot_do(self, arguments):
        with pytest.raises(ArgumentRefused):
            ask(shop(20), "lookalikes", **arguments)
