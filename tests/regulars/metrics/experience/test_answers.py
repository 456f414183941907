"""What customers say: NPS, CSAT, CES, ratings, sentiment, and who answers at all."""

from __future__ import annotations

import csv
import gzip
import math
from datetime import date

import pytest

from regulars import metrics
from tests.builders import window

pytestmark = pytest.mark.suite


def answers(measure, scores, *, low=0.0, high=10.0, **more):
    """One answer per person in the first days of 2024."""
    return [
        {
            "at": f"2024-01-{1 + i % 28:02}",
            "customer": f"p{i:03}",
            "response_id": f"{measure}{i:03}",
            "measure": measure,
            "score": float(score),
            "scale_min": low,
            "scale_max": high,
            **more,
        }
        for i, score in enumerate(scores)
    ]


def one(session, name, start="2024-01-01", end="2024-02-01", **arguments):
    (value,) = metrics.run(session, name, window(session, start, end), **arguments)
    return value


class TestNps:
    def test_counts_0_to_6_against_9_and_10(self, shop_of):
        """Requirement M-49: one answer of each score: 2 promoters, 2 passives, 7 detractors."""
        value = one(shop_of(responses=answers("nps", range(11))), "nps")
        assert value.beside == {"promoters": 2, "passives": 2, "detractors": 7}
        assert value.value == pytest.approx(100 * (2 - 7) / 11)
        assert (value.numerator, value.denominator) == (-5, 11)

    @pytest.mark.parametrize(("score", "expected"), [(0, -100), (6, -100), (7, 0), (8, 0), (9, 100), (10, 100)])
    def test_knows_the_edges_of_its_classes(self, shop_of, score, expected):
        assert one(shop_of(responses=answers("nps", [score])), "nps").value == expected

    def test_has_an_interval_with_three_quarters_added(self, shop_of):
        """(P + 3/4, D + 3/4) / (n + 3): shared/product/metrics.md; the sum is done here by hand."""
        value = one(shop_of(responses=answers("nps", [10] * 6 + [8] * 2 + [3] * 2)), "nps")
        p, d = 6.75 / 13, 2.75 / 13
        half = 1.959963984540054 * math.sqrt((p + d - (p - d) ** 2) / 13)
        assert (value.low, value.high) == (pytest.approx(100 * (p - d - half)), pytest.approx(100 * (p - d + half)))

    def test_takes_the_latest_answer_of_each_person_in_a_window(self, shop_of):
        rows = answers("nps", [9, 2])
        rows += [
            {**rows[0], "at": "2024-01-30", "response_id": "later", "score": 3.0},
            {**rows[0], "at": "2024-02-02", "response_id": "feb"},
        ]
        rows += [{**rows[0], "customer": None, "response_id": f"nobody {i}"} for i in range(2)]
        shop = shop_of(responses=rows)
        january = one(shop, "nps")
        assert (january.denominator, january.beside["promoters"], january.beside["detractors"]) == (4, 2, 2)
        assert one(shop, "nps", "2024-02-01", "2024-03-01").value == 100

    def test_can_be_asked_by_stage(self, shop_of):
        """Requirement M-50."""
        rows = answers("nps", [10, 10, 0], stage="trial") + [
            {**r, "customer": f"q{i}", "response_id": f"q{i}"} for i, r in enumerate(answers("nps", [10, 0], stage="renewal"))
        ]
        shop = shop_of(responses=rows)
        found = {v.group: v.value for v in metrics.run(shop, "nps", window(shop, "2024-01-01", "2024-02-01"), group_by="stage")}
        assert found == {"trial": pytest.approx(100 / 3), "renewal": 0}

    def test_is_undefined_without_answers(self, shop_of):
        assert one(shop_of(responses=answers("csat", [4], high=5.0)), "nps").value.reason == "no_data"


class TestOnTheBank:
    """shared/data/nps_bank/README.md: 2,309 promoters, 972 passives, 1,719 detractors of 5,000 people."""

    @pytest.fixture(scope="class")
    @classmethod
    def bank(cls, shop_of, shared_data):
        with gzip.open(shared_data / "nps_bank" / "nps_bank.csv.gz", "rt") as file:
            rows = list(csv.DictReader(file))
        responses, people = [], []
        for row in rows:
            day, month, year = map(int, row["survey_date"].split("/"))
            answer = {"at": date(2000 + year % 2000, month, day), "customer": row["id"], "response_id": row["id"], "measure": "nps"}
            responses.append({**answer, "score": float(row["rating"]), "scale_min": 0.0, "scale_max": 10.0})
            people.append({"at": "2021-01-01", "identity_id": row["id"], "country": row["market"]})
        return shop_of(responses=responses, customers=people)

    def test_is_11_8(self, bank):
        value = one(bank, "nps", "2021-01-01", "2022-01-01")
        assert value.beside == {"promoters": 2309, "passives": 972, "detractors": 1719}
        assert round(value.value, 1) == 11.8
        assert value.low < 11.8 < value.high

    def test_differs_by_market(self, bank):
        found = metrics.run(bank, "nps", window(bank, "2021-01-01", "2022-01-01"), group_by="country")
        assert {v.group: round(v.value, 1) for v in found} == {"MEX": 17.1, "UK": 8.5, "US": 9.9}


class TestCsat:
    def test_is_the_mean_on_its_own_scale(self, shop_of):
        """Requirements M-52 to M-54, X-01; four of five answers lie in the two best boxes of 1 to 5 but one."""
        value = one(shop_of(responses=answers("csat", [5, 5, 4, 3, 1], low=1.0, high=5.0)), "csat")
        assert value.value == pytest.approx(3.6)
        assert value.beside == {"top_two_box": pytest.approx(0.6), "scale_min": 1.0, "scale_max": 5.0}

    def test_is_the_mean_of_1_to_10_too(self, shop_of):
        value = one(shop_of(responses=answers("csat", [10, 9, 8, 1], low=1.0)), "csat")
        assert (value.value, value.beside["top_two_box"]) == (7.0, 0.5)

    def test_never_mixes_scales(self, shop_of):
        rows = [*answers("csat", [5, 4], low=1.0, high=5.0, stage="delivery"), *answers("csat", [10], low=1.0, stage="checkout")]
        shop = shop_of(responses=rows)
        assert one(shop, "csat").value.reason == "mixed_scales"
        found = {v.group: v.value for v in metrics.run(shop, "csat", window(shop, "2024-01-01", "2024-02-01"), group_by="stage")}
        assert found == {"delivery": 4.5, "checkout": 10.0}

    def test_does_not_mix_a_known_scale_with_an_unknown_one(self, shop_of):
        rows = [*answers("csat", [5, 4], low=1.0, high=5.0), *answers("csat", [4], low=None, high=None)]
        assert one(shop_of(responses=rows), "csat").value.reason == "mixed_scales"

    def test_has_no_top_two_boxes_where_the_scale_is_unknown(self, shop_of):
        value = one(shop_of(responses=answers("csat", [4, 2], low=None, high=None)), "csat")
        assert (value.value, value.beside) == (3.0, {"top_two_box": None})

    def test_leaves_out_questions_without_a_score(self, shop_of):
        rows = answers("csat", [4, 2], low=1.0, high=5.0)
        assert one(shop_of(responses=[*rows, {**rows[0], "response_id": "empty", "score": None}]), "csat").denominator == 2

    def test_on_ratings_of_tickets(self, shop_of, shared_data):
        """shared/data/ravenstack_saas/README.md: 1,175 of 2,000 rated, mean 3.981."""
        with gzip.open(shared_data / "ravenstack_saas" / "ravenstack_support_tickets.csv.gz", "rt") as file:
            rows = [
                {
                    "at": row["submitted_at"],
                    "account_id": row["account_id"],
                    "response_id": row["ticket_id"],
                    "measure": "csat",
                    "score": float(row["satisfaction_score"]) if row["satisfaction_score"] else None,
                    "scale_min": 1.0,
                    "scale_max": 5.0,
                }
                for row in csv.DictReader(file)
            ]
        value = one(shop_of(responses=rows, customer_unit="account"), "csat", "2023-01-01", "2025-01-01")
        assert (value.denominator, round(value.value, 3)) == (1175, 3.981)


class TestCes:
    def test_is_high_where_it_is_easy(self, shop_of):
        """Requirements M-51, X-03: 6 of 7 effort is 2 of 7 ease."""
        easy = answers("ces", [7, 6], low=1.0, high=7.0)
        hard = [{**answers("ces", [6], low=1.0, high=7.0)[0], "customer": "z", "response_id": "z", "high_is_good": False}]
        assert one(shop_of(responses=easy), "ces").value == 6.5
        assert one(shop_of(responses=easy + hard), "ces").value == pytest.approx(5.0)

    def test_takes_a_missing_direction_as_high_is_easy(self, shop_of):
        assert one(shop_of(responses=answers("ces", [7, 5], low=1.0, high=7.0, high_is_good=None)), "ces").value == 6.0


class TestRatingAverage:
    def test_is_the_mean_of_ratings_with_people_as_clusters(self, shop_of):
        rows = answers("rating", [5, 4, 3], low=1.0, high=5.0)
        shop = shop_of(responses=[*rows, {**rows[0], "response_id": "again"}])
        value = one(shop, "rating_average")
        assert (value.value, value.denominator, value.n) == (4.25, 4, 3)
        assert value.low < 4.25 < value.high


class TestSentiment:
    def test_is_the_mean_polarity_of_answers_and_cases(self, shop_of):
        """Requirement M-57."""
        said = [{**r, "polarity": p, "polarity_model": "words"} for r, p in zip(answers("rating", [5, 4]), (1.0, 0.5), strict=True)]
        cases = [{"at": "2024-01-09", "ticket_id": "t", "step": "opened", "polarity": -0.6}]
        value = one(shop_of(responses=said, tickets=cases), "sentiment")
        assert (value.value, value.n) == (pytest.approx(0.3), 3)
        assert value.beside == {"polarity_model": "words"}


class TestSurveys:
    @pytest.fixture(scope="class")
    @classmethod
    def shop(cls, shop_of):
        """Four were invited in January; one finished, one answered in February, one began, one did nothing."""
        steps = [
            *((f"q{i}", "invited", "2024-01-05", f"p{i}") for i in range(4)),
            ("q0", "invited", "2024-01-12", "p0"),
            ("q0", "started", "2024-01-13", "p0"),
            ("q0", "finished", "2024-01-13", "p0"),
            ("q1", "started", "2024-01-31", "p1"),
            ("q1", "answered", "2024-02-03", "p1"),
            ("q2", "started", "2024-01-20", "p2"),
        ]
        return shop_of(responses=[{"response_id": q, "state": s, "at": d, "customer": p, "survey_id": "spring"} for q, s, d, p in steps])

    def test_response_rate_counts_each_questionnaire_once(self, shop):
        value = one(shop, "survey_response_rate")
        assert (value.numerator, value.denominator) == (2, 4)

    def test_abandonment_rate_counts_those_begun_and_not_finished(self, shop):
        value = one(shop, "survey_abandonment_rate")
        assert (value.numerator, value.denominator) == (2, 3)

    def test_can_be_asked_by_survey(self, shop):
        (value,) = metrics.run(shop, "survey_response_rate", window(shop, "2024-01-01", "2024-02-01"), group_by="survey_id")
        assert (value.group, value.value) == ("spring", 0.5)
