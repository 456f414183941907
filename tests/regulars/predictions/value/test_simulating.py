"""Orders drawn from the model's own story, against the model's formulas and a plain count of days."""

import numpy as np
import pytest

from regulars.metrics import Undefined
from regulars.predictions.clv.bg_nbd import BgNbd
from regulars.predictions.clv.histories import Histories
from regulars.predictions.clv.model import ValueModel
from regulars.predictions.clv.pareto_nbd import ParetoNbd
from regulars.predictions.clv.steady import SteadyRate, SteadyValue
from regulars.predictions.value.simulating import active_each_day, coming_orders

STORIES = (BgNbd(0.5, 40.0, 0.8, 3.0), ParetoNbd(0.6, 80.0, 0.7, 90.0), SteadyRate(0.004))


def model(story):
    return ValueModel(story, SteadyValue(100.0), Undefined("given"), Undefined("given"))


class TestComingOrders:
    @pytest.mark.parametrize("story", STORIES, ids=lambda s: s.name)
    def test_have_the_models_expectation(self, story):
        h = Histories([0, 1, 4, 9] * 5_000, [0, 20, 100, 350] * 5_000, [100, 200, 300, 360] * 5_000, [0, 1, 1, 1] * 5_000)
        own = model(story)
        random = np.random.default_rng(3)
        draws = [coming_orders(own, h, 120, random) for _ in range(8)]
        who, day = (np.concatenate(parts) for parts in zip(*draws, strict=True))
        assert day.min() >= 0
        assert day.max() < 120
        for start in range(4):
            drawn = (who % 4 == start).sum() / 8
            expected = own.expected_orders(h, 120)[start::4].sum()
            # Orders of one day are one order day here, and two in the formulas.
            assert drawn == pytest.approx(expected, rel=0.04)
        nobody = np.mean([np.setdiff1d(np.arange(h.buyers), buyers).size for buyers, _ in draws])
        assert nobody == pytest.approx(own.probability_of_no_order(h, 120).sum(), rel=0.03)

    def test_are_none_of_nobody(self):
        who, day = coming_orders(model(STORIES[0]), Histories([], [], [], []), 30, np.random.default_rng(1))
        assert (who.size, day.size) == (0, 0)


class TestActiveEachDay:
    def test_agrees_with_a_walk_over_the_days(self):
        random = np.random.default_rng(5)
        who = np.sort(random.integers(0, 30, 90))
        pairs = sorted({(w, int(random.integers(0, 50))) for w in who.tolist()})
        who, day = (np.array(column) for column in zip(*pairs, strict=True))
        last = -random.integers(1, 40, 30)
        days = {w: [int(last[w]), *[d for v, d in pairs if v == w]] for w in range(30)}
        expected = [sum(any(t - 20 <= d < t for d in own) for own in days.values()) for t in range(51)]
        assert active_each_day(who, day, last, 20, 50).tolist() == expected
