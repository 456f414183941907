from datetime import date, timedelta

import numpy as np
import pytest

from regulars.metrics.estimates import Undefined
from regulars.predictions.churn import choosing
from regulars.predictions.churn.choosing import Choice, Rules, choose, choose_among, fit, latest, levelled
from regulars.predictions.churn.features import ALL, BY_INACTIVITY
from regulars.predictions.churn.frames import Frame

RULES = Rules(by_cancellation=False, horizon_days=90, reach=2)


def frame(n=1500, k=0, odds=lambda silence, orders: 1.2 * (silence - 4) - orders, left=None):
    """The k-th snapshot of a shop whose customers leave by the given log odds; nobody's history of order days is known."""
    chance = np.random.default_rng(k)
    silence, orders = chance.normal(4, 1, n), chance.normal(1, 0.7, n)
    columns = {f.name: np.full(n, np.nan) for f in BY_INACTIVITY}
    columns |= {
        "log_days_since_active": silence,
        "log_orders": orders,
        **dict.fromkeys(("frequency", "recency_days", "age_days"), np.full(n, np.nan)),
    }
    gone = (chance.random(n) < 1 / (1 + np.exp(-odds(silence, orders)))).astype(float) if left is None else np.full(n, float(left))
    day = date(2023, 1, 1) + timedelta(days=90 * k)
    settled = np.full(n, (day - date(1970, 1, 1)).days + 90)
    return Frame(day, columns, gone, settled, np.ones(n, dtype=bool), np.ones(n), 400, n)


def crossed(silence, orders):
    """Leaving when silent and new, or when recent and old: no sum of the two says so."""
    return 3.0 * np.sign((silence - 4) * (orders - 1))


class TestChoose:
    def test_takes_the_logistic_model_where_the_law_is_a_sum(self):
        chosen = choose([frame(k=0)], frame(k=1), RULES)
        assert chosen.kind == "logistic"
        assert set(chosen.scores) == {"logistic", "recency", "lightgbm"}

    def test_promotes_the_challenger_where_it_is_certainly_better(self):
        chosen = choose([frame(k=0, odds=crossed)], frame(k=1, odds=crossed), RULES)
        assert chosen.kind == "lightgbm"
        assert chosen.scores["lightgbm"].brier < chosen.scores["logistic"].brier - 0.1

    def test_with_few_leavers_takes_the_recency_rule(self):
        few = [frame(120, k, odds=lambda silence, _orders: silence - 6) for k in (0, 1)]
        assert choosing.outcomes(few[:1])[0] < 50
        chosen = choose(few[:1], few[1], RULES)
        assert chosen.kind == "recency"
        assert chosen.notes == ("few_outcomes",)

    def test_of_one_outcome_is_undefined(self):
        assert choose([frame(50, left=1)], frame(50, k=1), RULES) == Undefined("one_outcome")

    def test_gives_everybody_the_share_where_nothing_tells_customers_apart(self):
        same = [frame(400, k) for k in (0, 1)]
        for one in same:
            one.columns.update({name: np.full(400, 1.0) for name in one.columns if name in ALL})
        chosen = choose(same[:1], same[1], RULES)
        assert set(chosen.scores) == {"logistic", "recency", "lightgbm"}
        risk = fit(chosen, same[:1], RULES).risk(same[1])
        assert risk == pytest.approx(np.full(400, same[0].left.mean()), abs=1e-6)

    def test_is_the_same_again(self):
        one = [frame(k=k) for k in range(3)]
        first, second = (fit(choose_among(one, RULES), one, RULES) for _ in range(2))
        assert first == second

    def test_never_learns_from_outcomes_of_later(self):
        early, late = frame(k=0), frame(k=1)
        unknown = Frame(early.day, early.columns, early.left, early.settled + 1000, early.active, early.worth, 400, early.n)
        alone = choose_among([late], RULES)
        assert choose_among([unknown, late], RULES) == alone


class TestLatest:
    def test_are_two_while_both_outcomes_are_plenty(self):
        frames = [frame(4000, k) for k in range(4)]
        assert [f.day for f in latest(frames, RULES)] == [f.day for f in frames[2:]]

    def test_are_more_while_outcomes_are_few(self):
        frames = [frame(300, k) for k in range(5)]
        assert len(latest(frames, RULES)) == 5

    def test_are_all_without_a_reach(self):
        assert len(latest([frame(4000, k) for k in range(4)], Rules(by_cancellation=False, horizon_days=90))) == 4


class TestFit:
    def test_calibrates_on_the_latest_snapshot_what_it_learned_before(self):
        frames = [frame(5000, k) for k in range(2)]
        fitted = fit(Choice("logistic", 1.0, calibrated=True), frames, RULES)
        assert fitted.calibration.method == "isotonic"
        assert abs(fitted.risk(frames[1]).mean() - frames[1].left.mean()) < 0.02


class TestLevelled:
    def test_has_the_mean_of_what_happened_and_the_same_order(self):
        risk = np.random.default_rng(0).random(500)
        left = (np.arange(500) % 5 == 0).astype(float)
        moved = levelled(risk, left)
        assert moved.mean() == pytest.approx(0.2)
        assert np.array_equal(np.argsort(moved), np.argsort(risk))

    def test_leaves_risks_alone_where_all_or_none_left(self):
        risk = np.array([0.2, 0.4])
        assert np.array_equal(levelled(risk, np.ones(2)), risk)
