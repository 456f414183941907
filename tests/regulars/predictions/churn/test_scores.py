import itertools

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from regulars.metrics.estimates import Undefined
from regulars.predictions.churn import scores


def drawn(n=500, seed=1, ties=False):
    chance = np.random.default_rng(seed)
    risk = chance.random(n)
    if ties:
        risk = risk.round(1)
    return (chance.random(n) < risk).astype(int), risk


class TestAUC:
    @pytest.mark.parametrize("ties", [False, True])
    def test_is_scikit_learns(self, ties):
        left, risk = drawn(ties=ties)
        assert scores.auc(left, risk) == pytest.approx(sk.roc_auc_score(left, risk), abs=1e-12)

    def test_is_the_share_of_pairs_in_the_right_order(self):
        left, risk = drawn(60, ties=True)
        pairs = [(a > b) + 0.5 * (a == b) for a, b in itertools.product(risk[left == 1], risk[left == 0])]
        assert scores.auc(left, risk) == pytest.approx(np.mean(pairs))

    def test_needs_leavers_and_stayers(self):
        assert scores.auc([1, 1], [0.2, 0.3]) == Undefined("one_outcome")
        assert scores.auc([], []) == Undefined("no_data")


class TestLosses:
    def test_are_scikit_learns(self):
        left, risk = drawn()
        assert scores.brier(left, risk) == pytest.approx(sk.brier_score_loss(left, risk))
        assert scores.log_loss(left, risk) == pytest.approx(sk.log_loss(left, risk))

    def test_stay_finite_where_a_sure_prediction_failed(self):
        assert scores.log_loss([1, 0], [0.0, 1.0]) == pytest.approx(-np.log(1e-15))

    def test_of_nobody_are_undefined(self):
        for each in (scores.brier, scores.log_loss, scores.ece, scores.reliability, scores.deciles, scores.score):
            assert each([], []) == Undefined("no_data")
        assert scores.paired_bootstrap([], []) == Undefined("no_data")


class TestReliability:
    def test_is_scikit_learns_quantile_curve(self):
        left, risk = drawn(1000)
        mine = scores.reliability(left, risk)
        share, mean = calibration_curve(left, risk, n_bins=10, strategy="quantile")
        assert mine.mean_risk == pytest.approx(mean)
        assert mine.left_share == pytest.approx(share)
        assert mine.n.tolist() == [100.0] * 10
        assert scores.ece(left, risk) == pytest.approx(np.mean(np.abs(share - mean)))

    def test_does_not_depend_on_the_order_of_rows_with_equal_risk(self):
        left, risk = drawn(203, ties=True)
        order = np.random.default_rng(3).permutation(203)
        assert scores.ece(left[order], risk[order]) == pytest.approx(scores.ece(left, risk), abs=1e-12)

    def test_has_at_most_one_bin_a_customer(self):
        assert scores.reliability([1, 0, 1], [0.5, 0.4, 0.9]).n.tolist() == [1.0, 1.0, 1.0]


class TestDeciles:
    def test_agree_with_a_slow_loop(self):
        left, risk = drawn(200)
        value = np.random.default_rng(5).random(200)
        mine = scores.deciles(left, risk, value)
        ranked = sorted(range(200), key=lambda i: -risk[i])
        gone = worth = 0.0
        for k in range(10):
            part = ranked[20 * k : 20 * k + 20]
            gone += sum(left[i] for i in part)
            worth += sum(left[i] * value[i] for i in part)
            assert mine.left_share[k] == pytest.approx(np.mean(left[part]))
            assert mine.lift[k] == pytest.approx(np.mean(left[part]) / np.mean(left))
            assert mine.captured[k] == pytest.approx(gone / left.sum())
            assert mine.captured_value[k] == pytest.approx(worth / (left * value).sum())

    def test_are_zero_where_nobody_left(self):
        mine = scores.deciles([0, 0], [0.1, 0.2])
        assert mine.captured.tolist() == [0.0, 0.0]
        assert mine.lift.tolist() == [0.0, 0.0]


class TestPairedBootstrap:
    def test_is_near_the_normal_interval(self):
        difference = np.random.default_rng(7).normal(0.01, 0.1, 4000)
        gain = scores.paired_bootstrap(difference, np.zeros(4000))
        half = 1.96 * difference.std(ddof=1) / np.sqrt(4000)
        assert gain.value == pytest.approx(difference.mean())
        assert gain.low == pytest.approx(gain.value - half, abs=0.1 * half)
        assert gain.high == pytest.approx(gain.value + half, abs=0.1 * half)

    def test_is_the_same_for_a_seed(self):
        reference = np.random.default_rng(7).random(100)
        assert scores.paired_bootstrap(reference, reference / 2, seed=3) == scores.paired_bootstrap(reference, reference / 2, seed=3)

    def test_of_equals_is_zero(self):
        gain = scores.paired_bootstrap([0.1, 0.4], [0.1, 0.4])
        assert (gain.value, gain.low, gain.high, gain.certain) == (0.0, 0.0, 0.0, False)

    def test_of_very_many_customers_is_the_normal_interval(self):
        difference = np.tile([0.0, 0.2], 150_000)
        gain = scores.paired_bootstrap(difference, np.zeros(300_000))
        assert gain.high - gain.value == pytest.approx(1.96 * 0.1 / np.sqrt(300_000), rel=1e-3)


class TestScores:
    def test_say_who_left(self):
        left, risk = drawn()
        mine = scores.score(left, risk)
        assert (mine.n, mine.leavers) == (500, left.sum())
        assert mine.base_rate == pytest.approx(left.mean())
        assert mine.as_dict()["brier"] == mine.brier
