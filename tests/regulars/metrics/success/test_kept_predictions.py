"""What is at risk, from predictions that were kept."""

from __future__ import annotations

from datetime import datetime

import pytest

from regulars.metrics.estimates import Undefined, wilson
from tests.builders import company, value, values

pytestmark = pytest.mark.suite

LIGHTS = {"green": 0, "amber": 1, "red": 2, "new": 3, "lapsed": 4, "unknown": 5}


def said(load, at, who, light=None, **figures):
    """The rows of one customer in a run that saw the day `at` and nothing after it."""
    named = {**figures, **({} if light is None else {"light": LIGHTS[light]})}
    own = {"load_id": load, "at": f"{at}T23:59:59.999999", "customer": who, "model_version": "m/1"}
    return [{**own, "name": name, "value": float(number), "row_key": f"{load}/{name}/{who}"} for name, number in named.items()]


def shop(*runs, **rules):
    orders = [{"at": "2024-01-05", "customer": who, "amount": 1000, "country": "DE"} for who in ("ann", "bob", "cid", "dan")]
    return company(orders=orders, predictions=[row for run in runs for row in run], as_of=None, loaded_at=None, **rules)


JANUARY = [
    *said("run-1", "2024-01-05", "ann", "green", health_score=80, clv_minor=3000, money_at_risk_minor=900),
    *said("run-1", "2024-01-05", "bob", "amber", health_score=50, clv_minor=1000, money_at_risk_minor=400),
    *said("run-1", "2024-01-05", "cid", "red", health_score=20, clv_minor=500, money_at_risk_minor=300.4),
    *said("run-1", "2024-01-05", "dan", "new", health_score=99, money_at_risk_minor=5000),
]


class TestHealthScore:
    def test_is_the_mean_of_those_with_a_colour(self):
        with shop(JANUARY) as session:
            found = value(session, "health_score")
        assert (found.value, found.n) == (50.0, 3)


class TestRedShare:
    def test_is_red_among_those_with_a_colour(self):
        with shop(JANUARY) as session:
            found = value(session, "red_share")
        assert (found.value, found.low, found.high) == (pytest.approx(1 / 3), *map(pytest.approx, wilson(1, 3)))
        assert found.beside == {"red": 1, "amber": 1, "green": 1}


class TestRevenueAtRisk:
    def test_is_the_sum_over_red_and_amber(self):
        with shop(JANUARY) as session:
            found = value(session, "revenue_at_risk")
        assert (found.value, found.n, found.currency) == (7.0, 2, "EUR")
        assert found.beside == {"red_minor": 300, "amber_minor": 400}

    def test_is_zero_where_nobody_is_red_or_amber(self):
        with shop(said("run-1", "2024-01-05", "ann", "green"), said("run-1", "2024-01-05", "dan", "lapsed")) as session:
            assert value(session, "revenue_at_risk").value == 0.0

    def test_counts_those_of_whom_no_amount_is_known_apart(self):
        with shop(JANUARY, said("run-1", "2024-01-05", "eve", "red")) as session:
            found = value(session, "revenue_at_risk")
        assert (found.value, found.n, found.excluded) == (7.0, 2, 1)


class TestClvPredicted:
    def test_is_the_mean_of_those_with_a_value(self):
        with shop(JANUARY) as session:
            found = value(session, "clv_predicted")
        assert (found.value, found.n, found.beside["q50"]) == (15.0, 3, 10.0)
        assert found.low < found.value < found.high

    def test_adds_up_over_countries(self):
        with shop(JANUARY) as session:
            assert values(session, "clv_predicted", group_by="country")["DE"].value == 15.0


class TestARun:
    def test_that_saw_the_window_s_end_does_not_count(self):
        later = said("run-2", "2024-01-31", "ann", "red", money_at_risk_minor=100)
        with shop(JANUARY, later, said("run-3", "2024-02-01", "ann", "amber")) as session:
            session_values = values(session, "red_share", "2024-01-01", "2024-02-01")
            assert session_values["2024-01-01"].value == pytest.approx(1 / 3)

    def test_counts_as_a_whole_for_its_names(self):
        """Bob is in the first run only: of the lights nothing is left of him, of the scores, which the second run has not, all."""
        with shop(JANUARY, said("run-2", "2024-01-05", "ann", "red")) as session:
            assert value(session, "red_share").value == 1.0
            assert value(session, "health_score").value == 80.0

    def test_is_overruled_by_one_reckoned_later(self):
        second = said("run-0", "2024-01-05", "ann", "red")
        for row in second:
            row["recorded_at"] = "2024-06-01"
        with shop(JANUARY, second) as session:
            assert value(session, "red_share").value == 1.0

    def test_is_not_known_before_it_was_reckoned(self):
        second = said("run-2", "2024-01-05", "ann", "red")
        for row in second:
            row["recorded_at"] = "2024-06-01"
        orders = [{"at": "2024-01-05", "customer": "ann", "amount": 1000}]
        with company(orders=orders, predictions=[*JANUARY, *second], known_at=datetime(2024, 5, 1)) as session:
            assert value(session, "red_share").value == pytest.approx(1 / 3)


class TestWithoutARun:
    @pytest.mark.parametrize("name", ["clv_predicted", "health_score", "red_share", "revenue_at_risk"])
    def test_there_is_no_value_and_a_reason(self, name):
        with shop() as session:
            assert value(session, name).value == Undefined("no_predictions")
        with shop(JANUARY) as session:
            assert value(session, name, "2024-01-01", "2024-01-05").value == Undefined("no_predictions")


class TestSomebodyWhoWasMerged:
    def test_counts_once_by_the_name_that_is_left(self):
        merged = [{"at": "2024-01-04", "customer": "cookie", "customer_id": "ann", "rule": "merge"}]
        run = [
            *said("run-1", "2024-01-05", "cookie", "red"),
            *said("run-1", "2024-01-05", "ann", "green"),
            *said("run-1", "2024-01-05", "bob", "red"),
        ]
        with shop(run, identities=merged) as session:
            found = value(session, "red_share")
        assert (found.value, found.n) == (0.5, 2)
