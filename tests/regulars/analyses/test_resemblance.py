import numpy as np
import pytest
from scipy.optimize import minimize

from regulars.analyses.resemblance import auc, fit, unseen_scores


@pytest.fixture
def sample():
    chance = np.random.default_rng(1)
    columns = np.column_stack([chance.normal(2, 3, 200), chance.integers(0, 2, 200), np.ones(200)])
    wanted = chance.random(200) < 1 / (1 + np.exp(1 - 0.4 * columns[:, 0]))
    return columns, wanted


class TestFit:
    def test_is_where_another_optimiser_finds_the_least_penalised_loss(self, sample):
        columns, wanted = sample
        scaled = (columns[:, :2] - columns[:, :2].mean(axis=0)) / columns[:, :2].std(axis=0)

        def loss(at):
            odds = scaled @ at[1:] + at[0]
            return np.logaddexp(0, odds).sum() - odds[wanted].sum() + 0.5 * (at[1:] ** 2).sum()

        best = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000}).x
        found = fit(columns, wanted)
        assert found.weights[:2] == pytest.approx(best[1:], abs=1e-5)
        assert found.intercept == pytest.approx(best[0], abs=1e-5)

    def test_gives_a_column_that_never_changes_no_weight(self, sample):
        assert fit(*sample).weights[2] == 0

    def test_scores_are_chances(self, sample):
        scores = fit(*sample).score(sample[0])
        assert scores.mean() == pytest.approx(sample[1].mean(), abs=1e-6)
        assert len(fit(*sample).score(sample[0][:0])) == 0


class TestUnseenScores:
    def test_do_not_know_the_row_that_they_score(self):
        chance = np.random.default_rng(2)
        columns, wanted = chance.normal(size=(150, 60)), chance.random(150) < 0.3
        seen, unseen = auc(fit(columns, wanted).score(columns), wanted)[0], auc(unseen_scores(columns, wanted), wanted)[0]
        assert seen > 0.85
        assert abs(unseen - 0.5) < 0.12


class TestAuc:
    def test_is_the_share_of_pairs_in_order_ties_half(self):
        chance = np.random.default_rng(3)
        scores, wanted = chance.integers(0, 6, 80) / 6, chance.random(80) < 0.3
        pairs = [(a > b) + 0.5 * (a == b) for a in scores[wanted] for b in scores[~wanted]]
        assert auc(scores, wanted)[0] == pytest.approx(np.mean(pairs))

    def test_interval_holds_the_truth_about_19_times_in_20(self):
        """Normal scores one standard deviation apart: the true AUC is .7602."""
        chance = np.random.default_rng(4)
        wanted = np.arange(120) < 30
        held = 0
        for _ in range(400):
            _value, low, high = auc(chance.normal(size=120) + wanted, wanted)
            held += low <= 0.7602 <= high
        assert 0.92 <= held / 400 <= 0.98
