"""Do the intervals keep their word? Thousands of experiments with a known truth; the figures stand in docs/experiments.md."""

from __future__ import annotations

import re

import pytest

from tests.regulars.experiments.simulations import People, coverage, learned_from_nothing, peek, peek_at_one_batch

pytestmark = pytest.mark.slow

MANY, SOME_BUY, KEEN = People(0.106), People(0.05), People(0.1, foreseeable=True)
FEW = People(0.0057)

NO_EFFECT = {
    "conversion, 10.6 % of 20,000": lambda: peek("conversion", MANY, 20_000, runs=1000, seed=1),
    "conversion, 0.57 % of 20,000": lambda: peek("conversion", FEW, 20_000, runs=1000, seed=2),
    "revenue, 5 % of 20,000 buy": lambda: peek("revenue", SOME_BUY, 20_000, runs=1000, seed=3),
    "revenue after CUPED, 8,000": lambda: peek("adjusted", KEEN, 8_000, runs=500, seed=4),
    "revenue of one batch of 4,000, day by day": lambda: peek_at_one_batch(4_000, runs=1000, seed=5),
}
PLANTED = {
    "conversion, 10.6 % and 2 points": lambda: peek("conversion", MANY, 20_000, runs=1000, seed=6, lift=0.02),
    "revenue, 5 % and 2 points": lambda: peek("revenue", SOME_BUY, 20_000, runs=1000, seed=7, lift=0.02),
    "revenue after CUPED, 2 points": lambda: peek("adjusted", KEEN, 8_000, runs=500, seed=8, lift=0.02),
}
FIXED = {
    "conversion, 10 % and 3 points, 2,000 an arm": lambda: coverage("conversion", People(0.1), 2_000, 0.03, runs=2000, seed=11),
    "conversion in per cent": lambda: coverage("conversion", People(0.1), 2_000, 0.03, runs=2000, seed=12, relative=True),
    "revenue, 10 % buy and 3 points, 3,000 an arm": lambda: coverage("revenue", People(0.1), 3_000, 0.03, runs=2000, seed=13),
    "revenue in per cent": lambda: coverage("revenue", People(0.1), 3_000, 0.03, runs=2000, seed=14, relative=True),
    "revenue after CUPED, 3,000 an arm": lambda: coverage("adjusted", KEEN, 3_000, 0.03, runs=2000, seed=15),
    "revenue after CUPED, a fifth without covariate": lambda: coverage("adjusted", KEEN, 3_000, 0.03, runs=2000, seed=16, missing=0.2),
}


def documented(repository, name):
    """The figures that docs/experiments.md gives beside `name`."""
    text = (repository / "docs" / "experiments.md").read_text(encoding="utf-8")
    found = re.search(rf"^\| {re.escape(name)} \|(.*)\|$", text, flags=re.MULTILINE)
    assert found, f"docs/experiments.md has no row '{name}'"
    return [cell.strip() for cell in found.group(1).split("|")]


def per_cent(*shares):
    return [f"{100 * share:.1f} %" for share in shares]


class TestLooksWithoutAnyEffect:
    @pytest.mark.parametrize("name", NO_EFFECT)
    def test_raise_at_most_five_false_alarms_in_a_hundred(self, name, repository):
        found = NO_EFFECT[name]()
        print(name, per_cent(found.naive, found.any_time, found.at_end))
        assert found.any_time <= 0.05
        assert found.naive > 0.15
        assert documented(repository, name) == per_cent(found.naive, found.any_time, found.at_end)


class TestSequences:
    @pytest.mark.parametrize("name", PLANTED)
    def test_cover_the_planted_effect_at_all_looks_together(self, name, repository):
        found = PLANTED[name]()
        print(name, per_cent(1 - found.any_time, 1 - found.naive))
        assert 1 - found.any_time >= 0.95
        assert documented(repository, name) == per_cent(1 - found.any_time, 1 - found.naive)


class TestFixedIntervals:
    @pytest.mark.parametrize("name", FIXED)
    def test_cover_the_planted_effect(self, name, repository):
        found = FIXED[name]()
        print(name, per_cent(found))
        assert 0.93 <= found <= 0.97
        assert documented(repository, name) == per_cent(found)


class TestQiniInterval:
    def test_seldom_learns_from_nothing(self, repository):
        name = "experiments of 1,500 without any effect, called learnable"
        found = learned_from_nothing(runs=200, customers=1_500, seed=21)
        print(name, per_cent(found))
        assert found <= 0.05
        assert documented(repository, name) == per_cent(found)
