import pytest

from tests.builders import company
from tests.regulars.analyses.asking import ask


class TestConcentration:
    def test_takes_whole_customers_rounded_up(self):
        orders = [{"at": "2024-01-01", "customer": c, "amount": amount} for c, amount in (("a", 700), ("b", 200), ("c", 100))]
        result = ask(company(orders=orders), "concentration")
        shares = {r["top_percent"]: (r["customers"], r["share"]) for r in result["shares"].to_pylist()}
        assert shares[1] == shares[33] == (1, pytest.approx(0.7))
        assert shares[34] == (2, pytest.approx(0.9))
        assert shares[100] == (3, pytest.approx(1))
        # Gini by its definition: mean absolute difference over twice the mean = (2 x (500 + 600 + 100) / 9) / (2 x 1000 / 3).
        assert result["summary"].to_pylist()[0]["gini"] == pytest.approx(0.4)

    def test_is_zero_where_all_are_worth_the_same(self):
        orders = [{"at": "2024-01-01", "customer": c, "amount": 100} for c in "abcd"]
        assert ask(company(orders=orders), "concentration")["summary"].to_pylist()[0]["gini"] == pytest.approx(0)
