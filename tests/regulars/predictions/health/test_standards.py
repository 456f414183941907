from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from regulars.predictions.health import Standards, freeze
from regulars.predictions.health.standards import new_buyers, second_order_days, thresholds
from regulars.settings import Settings
from tests.regulars.predictions.health.people import DAY, REGULAR, SETTINGS, snapshot, source, standards

ONCE = {"active": True, "orders": 1, "gaps": 0, "tenure_days": 20, "days_since_order": 20}


def shop(base, slope, n=3000, seed=1):
    """Scores and leavers: the chance to leave falls with the score, `base` in the middle."""
    random = np.random.default_rng(seed)
    score = random.uniform(0, 100, n)
    chance = np.clip(base + slope * (50 - score) / 100, 0, 1)
    return score, (random.uniform(size=n) < chance).astype(float), chance


class TestThresholds:
    @pytest.mark.parametrize(("base", "slope"), [(0.5, 0.9), (0.55, 0.5), (0.3, 0.6), (0.7, 0.6), (0.45, 0.9)])
    def test_make_greens_stay_and_reds_leave(self, base, slope):
        score, left, chance = shop(base, slope)
        green, red = thresholds(score, left)
        new, _, its_chance = shop(base, slope, seed=2)
        if green is not None:
            assert its_chance[new >= green].mean() < 0.45
        if red is not None and (new < red).any():
            assert its_chance[new < red].mean() > 0.55
        assert green is None or red is None or red <= green
        assert chance.max() > 0.5

    def test_give_no_green_where_nobody_stays_and_no_red_where_nobody_leaves(self):
        score, left, _ = shop(0.85, 0.1)
        assert thresholds(score, left)[0] is None
        score, left, _ = shop(0.05, 0.05)
        green, red = thresholds(score, left)
        assert red is None
        assert green is not None

    def test_turn_amber_above_twice_the_share_that_usually_leaves(self):
        random = np.random.default_rng(3)
        score = np.repeat([90.0, 50.0], [2700, 300])
        left = (random.uniform(size=3000) < np.where(score > 60, 0.02, 0.25)).astype(float)
        green, red = thresholds(score, left)
        assert 50.0 < green <= 90.0
        assert red is None

    def test_need_a_hundred_customers_and_twenty_of_each_kind(self):
        score, left, _ = shop(0.5, 0.9, n=99)
        assert thresholds(score, left) is None
        score, left, _ = shop(0.5, 0.9, n=300)
        assert thresholds(score, np.zeros(300)) is None
        left[:] = 0
        left[:19] = 1
        assert thresholds(score, left) is None

    @given(st.integers(0, 10_000))
    @settings(max_examples=60)
    def test_always_have_red_below_green(self, seed):
        random = np.random.default_rng(seed)
        score = np.round(random.uniform(0, 100, 400), random.integers(0, 3) - 1)
        left = (random.uniform(size=400) < random.uniform(0.2, 0.8)).astype(float)
        green, red = thresholds(score, left) or (60, 40)
        assert green is None or red is None or red <= green


class TestFreeze:
    def people(self, n):
        return [{**REGULAR, "days_since_order": 10 + 2 * (k % 40)} for k in range(n)]

    def test_chooses_from_what_happened(self):
        people = self.people(400)
        late = np.array([p["days_since_order"] > 45 for p in people])
        found = freeze(snapshot(*people), np.where(late, 0.8, 0.2), settings=SETTINGS, by_cancellation=False, left=late.astype(float))
        assert (found.chosen, found.customers) == ("data", 400)
        assert found.left_share == pytest.approx(late.mean())
        assert found.colour(np.array([99.0, 5.0, np.nan])).tolist() == [0, 2, 1]

    def test_falls_back_without_outcomes(self):
        found = freeze(snapshot(*self.people(400)), np.full(400, 0.5), settings=SETTINGS, by_cancellation=False)
        assert (found.chosen, found.green_from, found.red_below) == ("default", 60.0, 40.0)

    def test_is_overruled_by_the_settings(self):
        ruled = Settings(name="Shop", light_thresholds={"green_from": 90.0, "red_below": 10.0})
        found = freeze(snapshot(*self.people(400)), np.full(400, 0.5), settings=ruled, by_cancellation=False)
        assert (found.chosen, found.green_from, found.red_below) == ("settings", 90.0, 10.0)
        only = standards(green_from=None, red_below=70.0).ruled_by(Settings(name="Shop", light_thresholds={"green_from": 50.0}))
        assert (only.green_from, only.red_below) == (50.0, 50.0)

    def test_comes_back_from_its_file_and_names_nobody(self):
        found = freeze(snapshot(*self.people(40)), np.full(40, 0.5), settings=SETTINGS, by_cancellation=False).withholding(["red"])
        again = Standards.from_files(found.as_files())
        assert again == found
        assert again.version == found.version
        assert "c001" not in json.dumps(found.as_dict())
        assert found.withholding([]).version != found.version


class TestNewBuyers:
    def test_are_those_of_one_order_day_inside_the_usual_time_to_a_second(self):
        people = source(ONCE, {**ONCE, "tenure_days": 31}, {**ONCE, "gaps": 1}, {**ONCE, "active": False}, {"active": True})
        assert new_buyers(people, 30.0, by_cancellation=False).tolist() == [True, False, False, False, False]
        assert not new_buyers(people, 30.0, by_cancellation=True).any()

    def test_have_the_median_time_to_a_second_order_on_another_day(self):
        again = [{**REGULAR, "days_to_second_order": k} for k in range(1, 42)]
        assert second_order_days(source(*again, *[{**REGULAR, "days_to_second_order": 0}] * 100)) == 21.0
        assert second_order_days(source(*again[:19])) == 30.0


def test_standards_are_of_their_day():
    assert freeze(snapshot(REGULAR), np.array([0.5]), settings=SETTINGS, by_cancellation=False).frozen_on == DAY
