import pytest

from tests.builders import company
from tests.regulars.analyses.asking import ask


class TestReturnedLater:
    def test_counts_lapses_whose_time_to_return_is_over(self):
        # Silent for 30 days means an order on 1 January lapses on 1 February. Ann returns on the last of 10 days, Bob a day later.
        orders = [
            {"at": "2024-01-01", "customer": "ann", "amount": 1},
            {"at": "2024-02-10", "customer": "ann", "amount": 1},
            {"at": "2024-01-01", "customer": "bob", "amount": 1},
            {"at": "2024-02-11", "customer": "bob", "amount": 1},
            {"at": "2024-01-01", "customer": "cid", "amount": 1},
            {"at": "2024-01-31", "customer": "cid", "amount": 1},
        ]
        result = ask(company(orders=orders), "returned_later", days=10, silent_for=30)
        everybody = result["groups"].to_pylist()[0]
        # Cid was never silent; the later lapses are too young.
        assert (everybody["lapses"], everybody["returned"], everybody["share"]) == (2, 1, 0.5)
        assert [r["group"] for r in result["groups"].to_pylist()] == ["all", "one-time buyers"]

    def test_says_so_when_the_data_are_too_short(self):
        result = ask(company(orders=[{"at": "2024-01-01", "customer": "ann", "amount": 1}]), "returned_later")
        assert result.is_empty
        assert result.note("no_data")


@pytest.mark.suite
class TestCdnow:
    def test_repeat_buyers_silent_for_90_days_come_back_in_four_of_ten_cases(self, shared_data):
        # metrics.md: of CDNOW's repeat buyers silent for 90 days, 43 % order again within the next 180.
        from tests.companies.shops import cdnow

        groups = {r["group"]: r for r in ask(company(orders=cdnow(shared_data)["orders"]), "returned_later")["groups"].to_pylist()}
        assert round(groups["repeat buyers"]["share"], 2) == 0.43
        assert groups["all"]["lapses"] == groups["repeat buyers"]["lapses"] + groups["one-time buyers"]["lapses"]
