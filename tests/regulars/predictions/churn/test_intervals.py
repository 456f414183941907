import numpy as np
import pytest

from regulars.metrics.estimates import wilson
from regulars.predictions.churn.intervals import experience, interval


class TestExperience:
    def test_counts_who_left_by_size_of_the_risk(self):
        risk = np.repeat([0.2, 0.8], 60)
        left = np.concatenate([np.arange(60) < 12, np.arange(60) < 45]).astype(float)
        low, high = experience(left, risk)
        assert (low["n"], low["left_share"]) == (60, pytest.approx(0.2))
        assert (high["low"], high["high"]) == pytest.approx(wilson(45, 60))
        assert high["until"] == 1.0

    def test_of_a_few_is_nothing(self):
        assert experience(np.ones(49), np.full(49, 0.5)) == []
        assert interval(np.array([0.5]), []) is None


class TestInterval:
    def test_covers_the_truth_of_calibrated_risks(self):
        chance = np.random.default_rng(0)
        covered = []
        for _ in range(40):
            risk = chance.random(4000)
            seen = experience((chance.random(4000) < risk).astype(float), risk)
            low, high = interval(np.array([0.1, 0.5, 0.9]), seen)
            covered += [(low <= [0.1, 0.5, 0.9]).all() and (high >= [0.1, 0.5, 0.9]).all()]
            assert (high - low < 0.2).all()
        assert all(covered)

    def test_shows_where_risks_are_too_low(self):
        risk = np.full(400, 0.2)
        seen = experience((np.arange(400) % 2 == 0).astype(float), risk)
        low, high = interval(np.array([0.2]), seen)
        assert low[0] == 0.2
        assert high[0] == pytest.approx(wilson(200, 400)[1])
