from datetime import date

import pytest

from regulars import metrics
from regulars.analyses.stage_models import MODELS, RULES
from regulars.errors import ArgumentRefused
from tests.builders import company
from tests.regulars.analyses.asking import ask

pytestmark = pytest.mark.suite


def orders(who, *days):
    return [{"at": day, "customer": who, "amount": 1000} for day in days]


SHOP = {
    "customers": [{"at": "2024-01-01", "customer": who, "stage": "lead"} for who in ("ann", "ben", "cleo", "dan")],
    "orders": [
        *orders("ann", "2024-01-11", "2024-01-21", "2024-02-01", "2024-05-01"),
        *orders("ben", "2024-01-31"),
        *orders("eve", "2024-03-01", "2024-03-05"),
    ],
}


def shop(**more):
    return company(**SHOP, as_of=date(2024, 5, 10), **more)


class TestStages:
    def test_counts_who_reached_each_stage_and_who_went_on(self):
        rows = {row["stage"]: row for row in ask(shop(), "stages")["stages"].to_pylist()}
        assert {name: row["reached"] for name, row in rows.items()} == {"acquisition": 5, "conversion": 3, "retention": 2, "loyalty": 1}
        assert {name: row["current"] for name, row in rows.items()} == {"acquisition": 2, "conversion": 1, "retention": 1, "loyalty": 1}
        assert rows["acquisition"]["conversion_share"] == pytest.approx(3 / 5)
        assert rows["acquisition"]["drop_off_share"] == pytest.approx(2 / 5)
        assert rows["loyalty"]["conversion_share"] is None

    def test_measures_the_days_between_stages_where_both_were_seen(self):
        # Ann 10 days and Ben 30 days from the lead to the first order; Eve was never seen as a lead.
        row = ask(shop(), "stages")["stages"].to_pylist()[0]
        assert (row["timed"], row["median_days"]) == (2, 20)

    def test_gives_conversion_in_time_of_those_who_had_the_time(self):
        # 70 days before 11 May is 2 March: Eve's first order of 1 March is old enough, and her second came within the time.
        row = ask(shop(), "stages", days=70)["stages"].to_pylist()[1]
        assert (row["old_enough"], row["conversion_in_days_share"]) == (3, pytest.approx(2 / 3))
        assert row["low"] < 2 / 3 < row["high"]

    def test_names_what_the_data_cannot_show_instead_of_counting_nobody(self):
        result = ask(shop(), "stages")
        assert "reach" not in [row["stage"] for row in result["stages"].to_pylist()]
        assert [row["stage"] for row in result["missing"].to_pylist()] == ["reach"]
        assert "cannot show reach" in str(result.note("stages_missing"))

    def test_says_where_each_customer_is_since_when_and_whether_still_there(self):
        rows = {row["customer_id"]: row for row in ask(shop(), "stages")["customers"].to_pylist()}
        assert (rows["ann"]["stage"], rows["ann"]["since_on"], rows["ann"]["days"]) == ("loyalty", date(2024, 5, 1), 10)
        assert (rows["ben"]["stage"], rows["ben"]["is_active"]) == ("conversion", False)
        assert (rows["dan"]["stage"], rows["dan"]["since_on"]) == ("acquisition", date(2024, 1, 1))

    def test_counts_entries_by_month(self):
        rows = ask(shop(), "stages")["entries"].to_pylist()
        assert {"month": "2024-03", "stage": "retention", "entered": 1} in rows
        assert sum(row["entered"] for row in rows) == 5 + 3 + 2 + 1

    def test_knows_advocates_by_their_answers_and_named_events(self):
        answers = [{"at": "2024-04-01", "customer": who, "response_id": who, "measure": "nps", "score": score,
                    "scale_min": 0.0, "scale_max": 10.0} for who, score in (("ann", 9.0), ("ben", 8.0))]  # fmt: skip
        events = [{"at": "2024-04-02", "customer": "eve", "name": "Product Reviewed"}]
        rows = ask(shop(responses=answers, events=events), "stages", model="advocate_chain")["stages"].to_pylist()
        assert [(row["stage"], row["reached"]) for row in rows] == [("new", 3), ("loyal", 2), ("advocate", 2)]

    def test_tells_people_from_machines_in_messages(self):
        steps = [{"at": "2024-01-02", "customer": who, "message_id": who, "step": "clicked", "machine": machine}
                 for who, machine in (("ann", True), ("ben", False), ("cleo", None))]  # fmt: skip
        rows = {row["stage"]: row for row in ask(shop(messages=steps), "stages", model="acquisition_funnel")["stages"].to_pylist()}
        assert rows["awareness"]["reached"] == 4
        assert rows["interest"]["reached"] == 4  # Ben and Cleo clicked, Ann and Eve bought

    def test_follows_subscriptions(self):
        changes = [("start", "2024-01-01"), ("renew", "2024-02-01"), ("renew", "2024-03-01"), ("upgrade", "2024-03-10")]
        rows = [{"subscription": "s", "customer": "ann", "change": change, "effective_at": day, "mrr": 100} for change, day in changes]
        found = ask(company(subscriptions=rows, as_of=date(2024, 3, 20)), "stages", model="b2b")["stages"].to_pylist()
        assert [(row["stage"], row["reached"], row["median_days"]) for row in found] == [("convert", 1, 69), ("expand", 1, None)]

    def test_says_that_one_stage_leads_nowhere(self):
        assert ask(company(orders=orders("ann", "2024-01-01")), "stages", model="acquisition_funnel").note("one_stage")

    def test_refuses_a_model_that_there_is_not(self):
        with pytest.raises(ArgumentRefused, match="model"):
            ask(shop(), "stages", model="aida")


class TestModels:
    def test_are_the_five_of_the_specification(self):
        """shared/product/requirements.md, section 9, J-01 to J-05."""
        assert [len(stages) for stages in MODELS.values()] == [5, 5, 8, 5, 3]
        assert [stage.name for stage in MODELS["lifecycle"]] == ["reach", "acquisition", "conversion", "retention", "loyalty"]

    @pytest.mark.parametrize("model", MODELS)
    def test_name_rules_and_metrics_that_exist(self, model):
        assert {stage.rule for stage in MODELS[model]} <= set(RULES)
        assert {stage.metric for stage in MODELS[model]} <= set(metrics.catalogue())
