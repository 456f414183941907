"""Uplift: the planted is found, nothing is found in nothing."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.experiments.lift import Effect
from regulars.experiments.uplift import LEARNERS, Uplift, fit_and_score, learn
from regulars.experiments.verdict import Finding


def experiment(seed, n, *, effect=0.25, harm=0.0, base=0.2):
    """The treatment helps customers with a high first feature, and harms those with a low one; the second only makes them buy."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 4))
    treated = random.random(n) < 0.5
    truth = np.where(x[:, 0] > 0.5, effect, np.where(x[:, 0] < -0.8, -harm, 0.0))
    chance = base + 0.3 * (x[:, 1] > 0.8)
    return x, (random.random(n) < chance + treated * truth).astype(float), treated, truth


class TestFitAndScore:
    @pytest.mark.parametrize("learner", LEARNERS)
    def test_recovers_the_planted_uplift(self, learner):
        x, y, treated, _truth = experiment(1, 20_000)
        ask, _y, _t, truth = experiment(2, 4_000)
        scores = fit_and_score(x, y, treated, ask, learner=learner)
        assert np.corrcoef(scores.uplift, truth)[0, 1] > (0.8 if learner.endswith("trees") else 0.7)
        assert scores.uplift.mean() == pytest.approx(truth.mean(), abs=0.02)

    def test_by_the_t_learner_is_the_difference_of_two_models(self):
        """With one two-valued feature the models can only say the shares."""
        x = np.repeat([[0.0], [1.0]], 4000, axis=0)
        treated = np.arange(8000) % 2 == 0
        random = np.random.default_rng(3)
        y = (random.random(8000) < 0.2 + 0.2 * (x[:, 0] * treated)).astype(float)
        scores = fit_and_score(x, y, treated, np.array([[0.0], [1.0]]), learner="t_logistic")
        shares = {(v, t): y[(x[:, 0] == v) & (treated == t)].mean() for v in (0, 1) for t in (True, False)}
        assert scores.uplift == pytest.approx([shares[0, True] - shares[0, False], shares[1, True] - shares[1, False]], abs=2e-3)
        assert scores.without == pytest.approx([shares[0, False], shares[1, False]], abs=2e-3)

    @pytest.mark.parametrize("learner", LEARNERS)
    def test_answers_where_an_arm_never_or_always_buys(self, learner):
        x, _y, treated, _truth = experiment(4, 400)
        for outcome in (np.zeros(400), np.ones(400), treated.astype(float)):
            scores = fit_and_score(x, outcome, treated, x[:10], learner=learner)
            assert np.isfinite(scores.uplift).all()


class TestLearn:
    @pytest.mark.suite
    def test_finds_the_persuadables_and_the_sleeping_dogs(self):
        x, y, treated, truth = experiment(5, 12_000, harm=0.15)
        found = learn(x, y, treated)
        assert found.is_learnable
        assert found.note.code == "learnable"
        kinds = np.array(found.kinds())
        assert truth[kinds == "persuadable"].mean() > 0.1
        assert truth[kinds == "sleeping_dog"].mean() < -0.04
        assert found.likely.value < found.qini.value
        assert [each.predicted for each in found.bins] == sorted((each.predicted for each in found.bins), reverse=True)

    @pytest.mark.suite
    def test_covers_the_uplift_of_each_bin(self):
        x, y, treated, truth = experiment(6, 12_000)
        found = learn(x, y, treated)
        for at, each in enumerate(found.bins):
            assert isinstance(each.effect, Effect)
            assert each.effect.low <= truth[found.bin_of == at].mean() <= each.effect.high
            assert each.customers == 2400

    @pytest.mark.suite
    def test_says_that_nothing_can_be_learned_from_nothing(self):
        x, y, treated, _truth = experiment(7, 3_000, effect=0.0)
        found = learn(x, y, treated)
        assert found.note.code == "not_learnable"
        assert set(found.kinds()) == {None}

    def test_needs_fifty_outcomes_in_each_arm(self):
        x, y, treated, _truth = experiment(8, 200, base=0.05)
        assert learn(x, y, treated) == Finding("too_few_to_learn", {"least": 50, "fewest": int(min(y[treated].sum(), y[~treated].sum()))})
        assert learn(x[:0], y[:0], treated[:0]).code == "too_few_to_learn"

    @pytest.mark.suite
    def test_gives_the_same_again(self):
        x, y, treated, _truth = experiment(9, 1_500)
        first, second = learn(x, y, treated), learn(x, y, treated)
        assert isinstance(first, Uplift)
        assert first.qini == second.qini
        assert np.array_equal(first.bin_of, second.bin_of)
