from datetime import date, timedelta

import pytest

from tests.builders import company
from tests.regulars.analyses.asking import ask

pytestmark = pytest.mark.suite


def shop(as_of, **days_of):
    """Customers with the days (from 2024-01-01) on which they bought coffee."""
    orders, lines = [], []
    for who, days in days_of.items():
        for day in days:
            at = date(2024, 1, 1) + timedelta(days=day)
            orders.append({"at": at, "customer": who, "amount": 500, "order": f"{who}{day}"})
            lines.append({"at": at, "customer": who, "order": f"{who}{day}", "product_id": "coffee", "amount": 500})
    return company(orders=orders, order_lines=lines, as_of=date(2024, 1, 1) + timedelta(days=as_of - 1))


class TestReplenishment:
    def test_takes_quartiles_of_gaps_between_neighbours_by_straight_line(self):
        # Gaps 10, 20, 30, 40: quartiles at places 0.75, 1.5 and 2.25.
        (row,) = ask(shop(60, ann=[0, 10, 30], ben=[0, 30], cleo=[0, 40], dan=[5]), "replenishment", min_gaps=4)["products"].to_pylist()
        assert (row["q1_days"], row["median_days"], row["q3_days"]) == (17.5, 25.0, 32.5)
        assert (row["buyers"], row["repeat_buyers"], row["repeat_share"], row["gaps"]) == (4, 3, 0.75, 4)

    def test_shrinks_an_own_rhythm_of_three_gaps_to_the_product_and_ignores_a_shorter_one(self):
        # Ann every 10 days (3 gaps), the others once after 40: the median of 10, 10, 10, 40, 40, 40 is 25.
        due = ask(shop(60, ann=[0, 10, 20, 30], ben=[0, 40], cleo=[0, 40], dan=[0, 40]), "replenishment", min_gaps=4)["due"].to_pylist()
        of = {row["customer_id"]: row for row in due}
        assert of["ann"]["own_mean_days"] == 10
        assert of["ann"]["expected_days"] == pytest.approx((3 * 10 + 5 * 25) / 8)
        assert (of["ben"]["own_mean_days"], of["ben"]["expected_days"]) == (None, 25)

    def test_gives_a_window_and_says_who_is_before_in_and_past_it(self):
        # Every gap is 20 days, so that the window is a day.
        result = ask(shop(60, ann=[0, 20], ben=[19, 39], cleo=[20, 40], dan=[25, 45]), "replenishment", min_gaps=4)
        due = {row["customer_id"]: row for row in result["due"].to_pylist()}
        assert {who: row["state"] for who, row in due.items()} == {"ann": "overdue", "ben": "overdue", "cleo": "due", "dan": "upcoming"}
        assert due["cleo"]["from_on"] == due["cleo"]["to_on"] == date(2024, 1, 1) + timedelta(days=60)
        assert [row["customer_id"] for row in result["due"].to_pylist()] == ["cleo", "ben", "ann", "dan"]
        assert [row["pairs"] for row in result["states"].to_pylist()] == [1, 2, 1]

    def test_checks_each_method_on_last_gaps_that_it_did_not_see(self):
        # Ann: 10, 10, 10 and then 30; the others give the median 20 (of 10, 10, 10, 20, 30, 30, 30).
        result = ask(shop(99, ann=[0, 10, 20, 30, 60], ben=[0, 20], cleo=[0, 30], dan=[0, 30], eve=[0, 30]), "replenishment", min_gaps=4)
        errors = {row["method"]: row["mae_days"] for row in result["check"].to_pylist()}
        assert errors == {"own mean": 20, "product median": 10, "shrunk": pytest.approx(30 - (3 * 10 + 5 * 20) / 8)}
        assert result.note("few_gaps").values == {"pairs": 1}

    def test_says_that_nothing_is_bought_again(self):
        result = ask(shop(60, ann=[0], ben=[1]), "replenishment")
        assert result.is_empty
        assert result.note("no_gaps")
