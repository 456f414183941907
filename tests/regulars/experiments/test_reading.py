"""A whole experiment, read."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from regulars.errors import ExperimentUnknown
from regulars.experiments.checks import SampleRatio
from regulars.experiments.declare import Experiment, company_holdout, two_arms
from regulars.experiments.lift import Effect
from regulars.experiments.reading import read
from regulars.metrics.estimates import Undefined
from tests.builders import company

pytestmark = pytest.mark.suite

BEGIN = date(2024, 3, 1)
FIRST = {"at": "2024-02-01", "customer": "earlier", "amount": 1}
LAST = {"at": "2024-06-30", "customer": "later", "amount": 1}


def spring(**given):
    return Experiment(**{"name": "spring", "arms": two_arms(), "days": 28, **given})


def rows(n, *, rates=(0.5, 0.2), arm_of=lambda who: "treatment" if who % 2 else "control", covariate=False, seed=1):
    """Tables of an experiment with `n` customers; the treated buy with chance rates[0], the others with rates[1]."""
    chance = np.random.default_rng(seed)
    tables = {"orders": [FIRST, LAST], "assignments": [], "predictions": []}
    for who in range(n):
        arm, keen = arm_of(who), chance.random()
        tables["assignments"].append({"at": BEGIN, "customer": f"c{who}", "experiment": "spring", "arm": arm})
        if keen < rates[arm == "control"]:
            tables["orders"].append(
                {"at": BEGIN + timedelta(days=who % 20), "customer": f"c{who}", "amount": 1000 + int(100 * chance.random())}
            )
        if covariate and who % 3:
            value = {"at": BEGIN, "customer": f"c{who}", "name": "cuped:spring", "value": -keen, "model_version": "test"}
            tables["predictions"].append(value)
    return tables


class TestRead:
    def test_tells_a_planted_effect(self):
        with company(**rows(600), margin_rate=0.5) as session:
            found = read(session, spring(planned=600))
        conversion = found.lift("conversion")
        assert conversion.difference.low < 0.3 < conversion.difference.high
        assert conversion.verdict.code == found.lift("orders").verdict.code == "better"
        assert found.lift("revenue").verdict.code == "too_few_converters"
        assert found.lift("revenue").verdict.values["fewest"] == found.arms.to_pylist()[1]["converters"]
        assert found.lift("margin").difference.value == pytest.approx(found.lift("revenue").difference.value / 2)
        assert found.lift("revenue").total == pytest.approx(300 * found.lift("revenue").difference.value)
        assert found.sample_ratio == SampleRatio(p_value=1.0, mismatch=False, expected={"treatment": 300.0, "control": 300.0})

    def test_gives_the_plain_difference_as_scipy_does(self):
        with company(**rows(300)) as session:
            found = read(session, spring())
        arms = {row["arm"]: row for row in found.arms.to_pylist()}
        values = {a: np.repeat([1.0, 0.0], [row["converters"], row["customers"] - row["converters"]]) for a, row in arms.items()}
        interval = stats.ttest_ind(values["treatment"], values["control"], equal_var=False).confidence_interval()
        plain = found.lift("conversion").unadjusted
        assert (plain.low, plain.high) == pytest.approx((interval.low, interval.high))
        assert found.note("no_covariate")

    def test_narrows_with_a_covariate_and_says_how_much(self):
        with company(**rows(900, covariate=True)) as session:
            found = read(session, spring())
        lift = found.lift("conversion")
        assert lift.variance_reduction > 0.2
        assert lift.difference.high - lift.difference.low < lift.unadjusted.high - lift.unadjusted.low
        assert found.note("covariate_missing").values["share"] == pytest.approx(1 / 3)
        assert "less variance" in str(found.note("adjusted"))

    def test_withholds_every_verdict_where_the_arms_have_the_wrong_sizes(self):
        with company(**rows(600, arm_of=lambda who: "control" if who % 3 == 0 else "treatment")) as session:
            found = read(session, spring())
        assert found.sample_ratio.mismatch
        assert {lift.verdict.code for lift in found.lifts if isinstance(lift.difference, Effect)} == {"sample_ratio_mismatch"}

    def test_compares_each_of_several_arms_with_the_control_at_a_higher_level(self):
        arms = {"mail": 1 / 3, "letter": 1 / 3, "control": 1 / 3}
        with company(**rows(300, arm_of=lambda who: list(arms)[who % 3])) as session:
            found = read(session, spring(arms=arms))
        assert found.confidence == pytest.approx(0.975)
        assert found.lift("conversion", "mail").arm == "mail"
        assert len(found.lifts) == 8
        assert found.note("several_arms")

    def test_sees_who_got_the_wrong_treatment(self):
        tables = rows(40)
        sent = {"step": "sent", "message_id": "m", "campaign": "mail"}
        tables["messages"] = [{"at": BEGIN + timedelta(days=1), "customer": f"c{who}", **sent} for who in (1, 3, 5, 0)]
        with company(**tables) as session:
            found = read(session, spring(campaigns=("mail",)))
        assert (found.contamination.control_reached, found.contamination.treated_reached) == (1, 3)
        assert found.note("contaminated").values == {"customers": 1, "share": 0.05}
        assert found.note("not_reached").values["share"] == pytest.approx(0.85)

    def test_counts_nobody_before_their_days_have_passed(self):
        with company(**rows(40), as_of=datetime(2024, 3, 20)) as session:
            found = read(session, spring(planned=100))
        assert found.is_empty
        assert found.note("waiting").values["customers"] == 40

    @pytest.mark.parametrize(
        ("arm_of", "n", "code"),
        [(lambda _who: "control", 10, "one_arm"), (lambda _who: "treatment", 10, "one_arm"), (None, 0, "undivided")],
    )
    def test_says_why_there_is_nothing_to_compare(self, arm_of, n, code):
        with company(**rows(n, arm_of=arm_of)) as session:
            found = read(session, spring())
        assert found.is_empty
        assert found.note(code)
        assert json.dumps(found.as_dict(), default=str)
        assert len(found.lift_table) == 0

    def test_is_undefined_where_nobody_differs(self):
        with company(**rows(10, rates=(0.0, 0.0))) as session:
            found = read(session, spring())
        assert found.lift("conversion").difference == Undefined("all_alike")
        assert found.lift("conversion").verdict.code == "undefined"
        assert found.lift("conversion").total == Undefined("all_alike")
        assert found.lift_table.to_pylist()[0]["difference"] is None

    def test_reads_rows_that_were_never_declared(self):
        with company(**rows(100)) as session:
            found = read(session, "spring")
        assert (found.experiment.control, found.note("undeclared").values["control"]) == ("control", "control")

    def test_refuses_a_name_that_no_row_has(self):
        with company(**rows(4)) as session, pytest.raises(ExperimentUnknown, match="autumn"):
            read(session, "autumn")

    def test_reads_the_company_wide_holdout(self):
        tables = rows(400, arm_of=lambda who: "held_out" if who % 10 == 0 else "open")
        for row in tables["assignments"]:
            row["experiment"] = "holdout"
        with company(**tables) as session:
            found = read(session, company_holdout(0.1))
        assert found.lift("conversion").arm == "open"
        assert found.note("waiting") is None
        with company(**tables, as_of=datetime(2024, 3, 1, 0, 0, 1)) as session:
            assert read(session, company_holdout(0.1)).note("no_data_after")

    def test_says_who_was_assigned_before_all_data(self):
        tables = rows(20)
        tables["assignments"].append({"at": "2020-01-01", "customer": "early", "experiment": "spring", "arm": "control"})
        with company(**tables) as session:
            assert read(session, spring()).note("before_data").values == {"customers": 1}

    def test_is_written_as_tables_and_plain_values(self):
        with company(**rows(100), margin_rate=0.5) as session:
            found = read(session, spring())
        assert [row["outcome"] for row in found.lift_table.to_pylist()] == ["conversion", "orders", "revenue", "margin"]
        assert set(found.lift_table.meanings) <= set(found.lift_table.columns)
        assert json.loads(json.dumps(found.as_dict()))["experiment"]["name"] == "spring"
