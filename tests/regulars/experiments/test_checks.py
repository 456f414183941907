"""The checks before a result is believed."""

from __future__ import annotations

import pytest
from scipy import stats

from regulars.experiments.checks import Contamination, sample_ratio
from regulars.metrics.estimates import Undefined

THIRDS = {"control": 1 / 3, "men": 1 / 3, "women": 1 / 3}


class TestSampleRatio:
    def test_accepts_hillstrom(self):
        """Published: 21,306, 21,307 and 21,387 customers; p = .904."""
        found = sample_ratio({"control": 21306, "men": 21307, "women": 21387}, THIRDS)
        assert found.p_value == pytest.approx(0.904, abs=5e-4)
        assert not found.mismatch

    def test_equals_scipy(self):
        found = sample_ratio({"a": 4_870, "b": 5_130}, {"a": 0.5, "b": 0.5})
        assert found.p_value == pytest.approx(stats.chisquare([4870, 5130]).pvalue)

    def test_calls_what_chance_hardly_gives_a_mismatch(self):
        assert sample_ratio({"a": 9_600, "b": 10_400}, {"a": 0.5, "b": 0.5}).mismatch
        assert sample_ratio({"a": 600, "b": 9_400}, {"a": 0.05, "b": 0.95}).mismatch
        assert sample_ratio({"a": 1_000}, {"a": 0.5, "b": 0.5}).mismatch

    def test_is_undefined_where_there_is_too_little(self):
        assert sample_ratio({}, {"a": 0.5, "b": 0.5}) == Undefined("no_data")
        assert sample_ratio({"a": 5}, {"a": 1.0}) == Undefined("one_arm")
        assert sample_ratio({"a": 5, "b": 4}, {"a": 0.5, "b": 0.5}) == Undefined("too_few")


class TestContamination:
    def test_gives_shares_of_each_arm(self):
        found = Contamination(control=50, control_reached=5, treated=40, treated_reached=30)
        assert (found.control_share, found.not_reached_share) == (0.1, 0.25)

    def test_is_undefined_without_customers(self):
        found = Contamination(control=0, control_reached=0, treated=0, treated_reached=0)
        assert found.control_share == found.not_reached_share == Undefined("no_data")
