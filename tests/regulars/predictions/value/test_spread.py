"""How far what comes may lie from what is expected: against draws from the story itself."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from regulars.metrics import Undefined
from regulars.predictions.clv.bg_nbd import BgNbd
from regulars.predictions.clv.gamma_gamma import GammaGamma
from regulars.predictions.clv.histories import Histories
from regulars.predictions.clv.model import ValueModel
from regulars.predictions.value.spread import Chance, Level, chance, group_of, log_error

MODEL = ValueModel(BgNbd(0.5, 40.0, 0.8, 3.0), GammaGamma(5.0, 4.0, 3000.0), Undefined("given"), Undefined("given"))


class TestLevel:
    def test_without_backtests_is_the_assumption_and_the_sampling_error(self):
        level = Level.of([], 0.2)
        assert level.sd == pytest.approx(math.hypot(0.15, 0.2))
        assert level.degrees == 4
        # Student's t with 4 degrees, two-sided 95 %: 2.7764 in any table.
        assert level.reach() == pytest.approx(2.7764 * level.sd, rel=1e-4)

    def test_weighs_backtests_against_the_assumption(self):
        assert Level.of([0.3, -0.1], 0.0).sd == pytest.approx(math.sqrt((4 * 0.0225 + 0.09 + 0.01) / 6))

    def test_of_many_backtests_is_what_they_say(self):
        assert Level.of([0.1, -0.1] * 50_000, 1.0).reach() == pytest.approx(NormalDist().inv_cdf(0.975) * 0.1, rel=1e-2)

    def test_never_reaches_below_nothing(self):
        low, high = Level(30.0, 4).around(100.0)
        assert low >= 0
        assert math.isfinite(high)


class TestLogError:
    def test_is_finite_where_nothing_came(self):
        assert log_error(0.0, 10.0, 0.5) == pytest.approx(math.log(0.5 / 10.5))
        assert log_error(-5.0, 0.0, 0.5) == 0.0


class TestChance:
    def test_has_the_quantiles_of_the_story(self):
        # x repeat orders, alive for sure, 180 days ahead: orders, drop-out and values drawn 60,000 times.
        for x, age, mean in ((0, 30, 0.0), (3, 200, 5000.0), (12, 360, 4000.0)):
            h = Histories([x], [age if x else 0], [age], [mean])
            value = MODEL.expected_orders(h, 180) * MODEL.expected_value_per_order(h)
            own = chance(MODEL, h, 180, value)
            drawn = self.drawn(x, age, mean, 180, 60_000)
            for share in (0.9, 0.975):
                # A quantile is as good as the share of draws below it.
                assert np.mean(drawn <= own.quantile(share)[0]) == pytest.approx(share, abs=0.03)
            assert own.nothing[0] == pytest.approx(np.mean(drawn == 0), abs=0.01)
            assert own.variance[0] == pytest.approx(drawn.var(), rel=0.35)

    @staticmethod
    def drawn(x, age, mean, days, draws):
        random = np.random.default_rng(7)
        story, spend = MODEL.purchases, MODEL.spend
        rate = random.gamma(story.r + x, size=draws) / (story.alpha + age)
        alive = random.random(draws) < (1 if x == 0 else MODEL.probability_alive(Histories([x], [age], [age], [mean]))[0])
        many = np.minimum(random.poisson(rate * days) * alive, random.geometric(random.beta(story.a, story.b + x, size=draws)))
        nu = random.gamma(spend.q + spend.p * x, size=draws) / (spend.gamma + x * mean)
        return np.where(many > 0, random.gamma(spend.p * np.maximum(many, 1)) / nu, 0.0)

    def test_of_nothing_is_nothing(self):
        none = Chance(np.zeros(2), np.ones(2), np.ones(2))
        assert none.quantile(0.99).tolist() == [0.0, 0.0]
        assert none.relative_variance() == 0.0

    def test_is_wider_with_an_error_of_the_level(self):
        own = Chance(np.array([100.0]), np.array([0.2]), np.array([0.5]))
        assert own.quantile(0.975, 0.3) > own.quantile(0.975)


class TestGroupOf:
    def test_makes_groups_of_equal_size(self):
        assert np.bincount(group_of(np.random.default_rng(1).random(103))).tolist() == [21, 21, 20, 21, 20]

    def test_of_nobody_is_empty(self):
        assert group_of(np.zeros(0)).size == 0
