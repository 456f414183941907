from datetime import date

import numpy as np
import pytest
from scipy.optimize import minimize

from regulars.predictions.churn.calibration import Calibration, calibrate, chosen_calibration
from regulars.predictions.churn.drift import drift, psi
from regulars.predictions.churn.features import ALL, candidates
from regulars.predictions.churn.frames import Frame
from regulars.predictions.churn.linear import Linear, design, fit_linear
from regulars.predictions.churn.scores import brier
from regulars.predictions.churn.trees import Trees, fit_trees

NAMES = ("log_days_since_active", "log_usual_gap_days", "log_orders")
FEATURES = tuple(ALL[name] for name in NAMES)


def frame(n=600, seed=0, **columns):
    """A frame whose customers leave by a logistic law of their silence; some have no usual gap."""
    chance = np.random.default_rng(seed)
    silence, orders = chance.normal(4, 1, n), chance.normal(1, 0.5, n)
    gap = np.where(chance.random(n) < 0.4, np.nan, chance.normal(3, 0.7, n))
    odds = 1.3 * (silence - 4) - 0.8 * (orders - 1) + np.where(np.isnan(gap), 0.5, -0.3 * (gap - 3))
    left = (chance.random(n) < 1 / (1 + np.exp(-odds))).astype(float)
    given = {"log_days_since_active": silence, "log_usual_gap_days": gap, "log_orders": orders, **columns}
    true = np.ones(n, dtype=bool)
    return Frame(date(2023, 1, 1), given, left, np.zeros(n, dtype=np.int64), true, np.ones(n), 400, n)


class TestLinear:
    @pytest.mark.parametrize("strength", [0.01, 1.0])
    def test_minimises_the_penalised_loss(self, strength):
        one = frame()
        mine = fit_linear(design([one], FEATURES), kind="logistic", strength=strength)
        gap = one.read("log_usual_gap_days")
        missing = np.isnan(gap)
        raw = np.column_stack([one.read(NAMES[0]), np.where(missing, gap[~missing].mean(), gap), missing, one.read("log_orders")])
        table = (raw - raw.mean(axis=0)) / raw.std(axis=0)

        def loss(b):
            z = b[0] + table @ b[1:]
            return strength * np.sum(np.logaddexp(0, z) - one.left * z) + 0.5 * np.sum(b[1:] ** 2)

        best = minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-8}).x
        assert mine.intercept == pytest.approx(best[0], abs=1e-4)
        assert [t.coefficient for t in mine.terms] == pytest.approx(best[1:], abs=1e-4)
        assert mine.raw(one.read, one.n) == pytest.approx(best[0] + table @ best[1:], abs=1e-3)

    def test_contributions_and_intercept_are_the_score(self):
        one = frame()
        mine = fit_linear(design([one], FEATURES), kind="logistic", strength=1.0)
        base, reasons = mine.contributions(one.read, one.n)
        assert base + sum(reasons.values()) == pytest.approx(mine.raw(one.read, one.n), abs=1e-12)
        assert set(reasons) == {"silent_longer_than_usual", "few_orders"}

    def test_leaves_out_what_is_constant_missing_or_said_twice(self):
        n = 600
        one = frame(n, log_order_days=frame().read("log_orders"), log_refunds=np.zeros(n), log_tickets=np.full(n, np.nan))
        made = design([one], (*FEATURES, ALL["log_order_days"], ALL["log_refunds"], ALL["log_tickets"]))
        assert dict(made.left_out) == {"log_order_days": "same_as_another", "log_refunds": "constant", "log_tickets": "no_data"}
        assert [t.name for t in made.terms] == ["log_days_since_active", "log_usual_gap_days", "no_log_usual_gap_days", "log_orders"]

    def test_of_one_outcome_is_the_share(self):
        one = frame()
        same = Frame(one.day, one.columns, np.ones(one.n), one.settled, one.active, one.worth, 400, one.n)
        assert fit_linear(design([same], FEATURES), kind="logistic", strength=1.0).terms == ()

    def test_comes_back_from_plain_values(self):
        mine = fit_linear(design([frame()], FEATURES), kind="logistic", strength=1.0)
        assert Linear.from_dict(mine.as_dict()) == mine


class TestTrees:
    def test_contributions_and_baseline_are_the_score(self):
        one = frame()
        mine = fit_trees([one], FEATURES)
        base, reasons = mine.contributions(one.read, one.n)
        assert base + sum(reasons.values()) == pytest.approx(mine.raw(one.read, one.n), abs=1e-10)

    def test_are_the_same_again_and_from_their_text(self):
        one = frame()
        mine = fit_trees([one], FEATURES, seed=3)
        assert fit_trees([one], FEATURES, seed=3).text == mine.text
        again = Trees.from_dict(mine.as_dict(), mine.text)
        assert np.array_equal(again.raw(one.read, one.n), mine.raw(one.read, one.n))


class TestCandidates:
    def test_leave_out_windows_longer_than_the_history(self):
        short, long = ({f.name for f in candidates(by_cancellation=False, history_days=[days, 700])} for days in (200, 365))
        assert long - short == {"log_orders_365d"}


class TestCalibration:
    def test_above_a_thousand_is_scikit_learns_isotonic_curve(self):
        from sklearn.isotonic import IsotonicRegression

        chance = np.random.default_rng(1)
        raw = chance.normal(0, 1.5, 6000).round(2)
        left = (chance.random(6000) < 1 / (1 + np.exp(-0.5 * raw))).astype(float)
        curve = calibrate(raw, left)
        theirs = IsotonicRegression().fit(raw, left).predict(raw)
        assert curve.method == "isotonic"
        assert np.abs(curve.risk(raw) - theirs).mean() < 0.01  # straight between the blocks, not steps
        assert brier(left, curve.risk(raw)) < brier(left, Calibration().risk(raw))
        assert Calibration.from_dict(curve.as_dict()) == curve

    def test_below_is_platts_slope_and_shift(self):
        chance = np.random.default_rng(2)
        raw = chance.normal(0, 2, 900)
        left = (chance.random(900) < 1 / (1 + np.exp(-(0.5 * raw + 0.7)))).astype(float)
        curve = calibrate(raw, left)
        best = minimize(lambda b: np.sum(np.logaddexp(0, b[0] * raw + b[1]) - left * (b[0] * raw + b[1])), [1.0, 0.0]).x
        assert curve.method == "platt"
        assert curve.values == pytest.approx(best, abs=0.01)

    def test_is_chosen_only_where_it_certainly_helps(self):
        chance = np.random.default_rng(3)
        raw = chance.normal(0, 1.5, 4000)
        left = (chance.random(4000) < 1 / (1 + np.exp(-raw))).astype(float)
        assert chosen_calibration(raw, left).method == "none"
        assert chosen_calibration(3 * raw, left).method != "none"

    def test_of_a_handful_is_none(self):
        assert chosen_calibration(np.array([1.0, -1.0, 2.0]), np.array([1.0, 0.0, 1.0])) == Calibration()


class TestDrift:
    def test_is_the_index_of_tenths(self):
        chance = np.random.default_rng(5)
        before, now = chance.normal(0, 1, 5000), chance.normal(0.4, 1, 4000)
        edges = np.quantile(before, np.arange(0.1, 1, 0.1))
        p, q = (np.histogram(v, [-np.inf, *edges, np.inf])[0] / len(v) for v in (before, now))
        assert psi(before, now) == pytest.approx(np.sum((q - p) * np.log(q / p)), rel=1e-3)

    def test_counts_the_missing_as_a_bin(self):
        some = np.arange(100.0)
        assert psi(some, np.where(some < 50, np.nan, some)) > 1

    def test_puts_the_largest_first(self):
        before = {"a": np.arange(100.0), "b": np.arange(100.0), "c": np.full(100, np.nan)}
        now = {"a": np.arange(100.0), "b": np.arange(100.0) + 50, "c": np.full(100, np.nan)}
        rows = drift(["a", "b", "c"], before.__getitem__, now.__getitem__)
        assert rows[0]["feature"] == "b"
        assert rows[0]["mean_shift"] == pytest.approx(50 / np.arange(100).std())
        assert rows[-1]["mean_shift"] is None
