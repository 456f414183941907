from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from regulars.errors import ArgumentRefused
from regulars.predictions.health import assess, call_list, replay, revenue_at_risk
from regulars.settings import Settings
from tests.regulars.predictions.health.people import DAY, REGULAR, SETTINGS, assessed, lights, snapshot, standards

LATE = {**REGULAR, "days_since_order": 88}
ONCE = {"active": True, "orders": 1, "gaps": 0, "tenure_days": 20, "days_since_order": 20}
GONE = {"active": False, "orders": 3, "gaps": 2, "days_since_order": 200, "last_active_on": 200}


class TestALight:
    def test_follows_the_score_between_the_thresholds(self):
        found = assessed(REGULAR, REGULAR, LATE, risk=[0.1, 0.7, 0.9])
        assert found.table.column("light").to_pylist() == ["green", "amber", "red"]
        # 0.4 x 90 + 0.15 x 100 over the weights of the two that are known.
        assert found.table.column("health_score")[0].as_py() == pytest.approx((0.4 * 90 + 0.15 * 100) / 0.55)

    def test_is_not_green_for_who_is_as_likely_to_leave_as_to_stay(self):
        assert lights(REGULAR, REGULAR, standards=standards(green_from=50.0, red_below=20.0), risk=[0.49, 0.5]) == ["green", "amber"]

    def test_is_for_active_customers_only(self):
        assert lights(GONE, {"orders": 0}, {"subscribed_since_on": 300}) == ["lapsed", "unknown", "lapsed"]

    def test_is_new_for_one_time_buyers_inside_the_usual_time(self):
        assert lights(ONCE, {**ONCE, "tenure_days": 31, "days_since_order": 31}, risk=0.95) == ["new", "red"]

    def test_is_unknown_where_too_little_is_known(self):
        assert lights({"active": True, "nps_score": 10.0, "last_nps_on": 3}, risk=np.nan) == ["unknown"]
        assert lights({"active": True, "orders": 2, "gaps": 1}, risk=np.nan) == ["unknown"]

    def test_obeys_the_settings(self):
        assert lights(REGULAR, standards=standards(green_from=99.0)) == ["amber"]
        heavy = Settings(name="Shop", health_weights={"advocacy": 5.0})
        assert lights({**REGULAR, "nps_score": 0.0, "last_nps_on": 3}, settings=heavy) == ["red"]

    def test_that_was_contradicted_is_withheld(self):
        found = assessed(REGULAR, LATE, {**REGULAR, "complaints_open": 1}, risk=[0.1, 0.95, 0.1], standards=standards(withheld=("green",)))
        assert found.table.column("light").to_pylist() == ["unknown", "red", "red"]
        assert [r.code for r in found.why([0])[0]] == ["withheld_green"]


class TestWeeks:
    def three(self, *risks, **more):
        shots = [snapshot(REGULAR, day=DAY - timedelta(days=7 * k)) for k in (2, 1, 0)]
        return assess(shots, [np.array([r]) for r in risks], settings=SETTINGS, standards=standards(), **more)

    def test_agree_before_a_colour_changes(self):
        assert self.three(0.1, 0.1, 0.9).table.column("light").to_pylist() == ["green"]
        changed = self.three(0.1, 0.9, 0.9)
        row = changed.table.to_pylist()[0]
        assert (row["light"], row["previous_light"], row["light_changed"]) == ("red", "green", True)
        assert self.three(0.1, 0.1, 0.1).changes([0]) == [None]

    def test_continue_from_the_log(self):
        shots = [snapshot(REGULAR, day=DAY - timedelta(days=7))]
        log = assess(shots, [np.array([0.1])], settings=SETTINGS, standards=standards()).log
        now = assessed(REGULAR, risk=0.9, log=log)
        assert now.table.column("light").to_pylist() == ["green"]
        assert now.table.column("previous_light").to_pylist() == ["green"]
        assert assessed(REGULAR, risk=0.9).table.column("light").to_pylist() == ["red"]

    def test_know_customers_who_came_later(self):
        shots = [snapshot(REGULAR, day=DAY - timedelta(days=7)), snapshot(ONCE | {"customer_id": "a"}, REGULAR | {"customer_id": "c000"})]
        found = assess(shots, [np.array([0.1]), np.array([0.1, 0.9])], settings=SETTINGS, standards=standards())
        assert found.table.column("previous_light").to_pylist() == [None, "green"]
        assert found.table.column("light").to_pylist() == ["new", "green"]

    def test_must_be_in_order(self):
        shots = [snapshot(REGULAR), snapshot(REGULAR)]
        with pytest.raises(ArgumentRefused, match="do not rise"):
            assess(shots, [np.array([0.1])] * 2, settings=SETTINGS, standards=standards())
        with pytest.raises(ArgumentRefused):
            assess([], [], settings=SETTINGS, standards=standards())

    @given(st.integers(0, 10_000))
    @settings(max_examples=25)
    def test_replayed_from_the_log_give_the_light_that_was_shown(self, seed):
        random = np.random.default_rng(seed)
        kinds = [REGULAR, LATE, ONCE, GONE, {**REGULAR, "complaints_open": 1}, {**REGULAR, "last_event_on": 60}, {"orders": 0}]
        withheld = [(), ("green",), ("red",)][random.integers(3)]
        shots, risks, logs, live = [], [], [], []
        for week in range(5):
            people = [
                {**kinds[random.integers(len(kinds))], "customer_id": f"c{k}"} for k in range(6) if random.uniform() > 0.1 or week == 4
            ]
            shots.append(snapshot(*people, day=DAY + timedelta(days=7 * week)))
            risks.append(random.uniform(0, 1, len(people)))
            # One week at a time from the log of those before; the latest also from all snapshots at once.
            before = pa.concat_tables(logs) if logs else None
            now = assess(shots[-1:], risks[-1:], settings=SETTINGS, standards=standards(withheld=withheld), log=before)
            logs.append(now.log)
            live += now.table.column("light").to_pylist()
        assert replay(pa.concat_tables(logs)).to_pylist() == live
        together = assess(shots, risks, settings=SETTINGS, standards=standards(withheld=withheld))
        assert together.table.column("light").to_pylist() == live[-len(together) :]


class TestMoneyAtRisk:
    def test_is_the_risk_times_the_value_if_the_customer_stays(self):
        found = assessed(
            REGULAR, LATE, GONE, REGULAR, risk=[0.1, 0.9, 0.9, np.nan], value_if_stays=np.array([1000.0, 2000.0, 3000.0, 10.0])
        )
        assert found.table.column("money_at_risk_minor").to_pylist() == [100, 1800, None, None]
        assert revenue_at_risk(found) == pytest.approx(1800.0)

    def test_ranks_the_call_list(self):
        people = [LATE, LATE, REGULAR, {**REGULAR, "complaints_open": 2}]
        found = assessed(*people, risk=[0.9, 0.8, 0.1, 0.2], value_if_stays=np.array([1000.0, 9000.0, 90_000.0, np.nan]))
        calls = call_list(found).to_pylist()
        assert [row["customer_id"] for row in calls] == ["c001", "c000", "c003"]
        assert calls[2]["why"] == ["2 complaints open."]
        assert call_list(found, top=1).num_rows == 1

    def test_without_values_the_call_list_goes_by_risk(self):
        calls = call_list(assessed(LATE, LATE, risk=[0.8, 0.9])).to_pylist()
        assert [row["customer_id"] for row in calls] == ["c001", "c000"]


class TestTheTable:
    def test_names_what_is_missing_by_leaving_it_empty(self):
        row = assessed(REGULAR).table.to_pylist()[0]
        assert row["input_engagement"] == 100.0
        assert row["input_advocacy"] is None
        assert assessed(REGULAR).inputs_known() == {
            "churn_risk": 1, "engagement": 1, "product_usage": 0, "relationship": 0, "advocacy": 0, "sentiment": 0, "customer_roi": 0
        }  # fmt: skip

    def test_counts_everybody_once(self):
        found = assessed(REGULAR, LATE, ONCE, GONE, {"orders": 0}, risk=0.1)
        assert sum(found.counts().values()) == len(found) == 5

    def test_of_nobody_is_empty(self):
        found = assessed()
        assert len(found) == found.table.num_rows == 0
        assert found.why([]) == []
        assert call_list(found).num_rows == 0

    def test_finds_rows_by_customer(self):
        found = assessed(REGULAR, LATE)
        assert found.rows_of(["c001", "c000"]).tolist() == [1, 0]
        with pytest.raises(ArgumentRefused, match="no customer nobody"):
            found.rows_of(["nobody"])
