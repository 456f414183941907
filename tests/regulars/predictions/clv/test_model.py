"""The value model as a whole: what fits together, what survives, and what never happens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from regulars.errors import ArgumentRefused
from regulars.metrics.estimates import Undefined
from regulars.predictions.clv import Histories, ValueModel, fit
from tests.regulars.predictions.clv import cdnow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BOTH = pytest.mark.parametrize("purchases", ["bg_nbd", "pareto_nbd"])

TRAPS = {
    "nobody": ([], [], [], []),
    "one buyer of today": ([0], [0], [0], [0]),
    "one buyer who came once": ([0], [0], [400], [0]),
    "one buyer who came back": ([1], [3], [400], [50.0]),
    "everybody on one day": ([0] * 20, [0] * 20, [30] * 20, [0] * 20),
    "everybody today": ([0] * 20, [0] * 20, [0] * 20, [0] * 20),
    "everybody every day": ([30] * 20, [30] * 20, [30] * 20, [100.0] * 20),
    "everybody alike": ([1] * 20, [10] * 20, [30] * 20, [100.0] * 20),
    "a handful": ([2, 0, 1], [40, 0, 5], [90, 80, 70], [1250.0, 0, 900.0]),
    "one who never stops": ([5000, 0, 0, 1], [6000, 0, 0, 3], [6001, 200, 100, 90], [10.0, 0, 0, 40.0]),
    "orders of no value": ([3, 1, 0], [40, 5, 0], [90, 80, 70], [0, 0, 0]),
    "refunded orders": ([3, 1, 0], [40, 5, 0], [90, 80, 70], [-5.0, 20.0, 0]),
    "a century": ([3, 0], [36_000, 0], [36_500, 36_500], [5.0, 0]),
    "huge values": ([3, 2, 0], [40, 9, 0], [90, 80, 70], [9e15, 1.0, 0]),
}


def answers(model: ValueModel, histories: Histories) -> dict[str, np.ndarray]:
    return {
        "alive": model.probability_alive(histories),
        "none": model.probability_of_no_order(histories, 90),
        "orders": model.expected_orders(histories, 365),
        "staying": model.expected_orders_if_alive(histories, 365),
        "spend": model.expected_value_per_order(histories),
        "value": model.value(histories, 12, 0.1, 0.4),
        "next": model.days_to_next_order(histories, 0.5),
        "never": model.probability_of_no_order(histories, 1e6),
    }


def hold(found: dict[str, np.ndarray]) -> None:
    """What is true of every model and history."""
    assert not any(np.isnan(values).any() for values in found.values())
    assert all(np.isfinite(found[name]).all() for name in ("orders", "staying", "spend", "value"))
    assert all(np.all((found[name] >= 0) & (found[name] <= 1)) for name in ("alive", "none", "never"))
    assert all(np.all(found[name] >= 0) for name in ("orders", "spend", "value", "next"))
    assert np.all(found["orders"] <= found["staying"] * (1 + 1e-9))
    assert np.all(found["never"] <= found["none"] + 1e-12)
    assert np.all(1 - found["none"] <= found["alive"] + 1e-9)


class TestFit:
    @BOTH
    @pytest.mark.parametrize("name", TRAPS)
    def test_always_gives_an_answer(self, name: str, purchases: str) -> None:
        histories = Histories(*TRAPS[name])
        model = fit(histories, purchases=purchases)
        hold(answers(model, histories))
        hold(answers(model, Histories([0, 1, 400, 9], [0, 1, 800, 5], [0, 1, 900, 3000], [0, 7.0, 1e9, 0])))

    @pytest.mark.parametrize(
        ("name", "reason"),
        [("nobody", "no_buyers"), ("everybody today", "no_time_passed"), ("everybody on one day", "no_repeats")],
    )
    def test_says_why_it_could_not(self, name: str, reason: str) -> None:
        model = fit(Histories(*TRAPS[name]))
        assert model.purchase_fit == Undefined(reason)
        assert model.purchases.name == "steady_rate"

    def test_without_a_value_still_says_when(self) -> None:
        model = fit(Histories(*TRAPS["orders of no value"]))
        assert model.spend_fit == Undefined("no_repeats")
        assert model.purchases.name == "bg_nbd"
        assert model.spend.usual == 0

    def test_names_the_parameters_that_a_handful_cannot_tell(self) -> None:
        report = fit(Histories(*TRAPS["a handful"])).purchase_fit
        assert set(report.at_bound) <= {"r", "alpha", "a", "b"}
        assert report.at_bound
        assert all(p.standard_error is None for p in report.parameters if p.name in report.at_bound)

    @pytest.mark.suite
    @BOTH
    @settings(max_examples=40)
    @given(data=st.data())
    def test_never_gives_a_number_that_is_none(self, purchases: str, data: st.DataObject) -> None:
        row = st.tuples(st.integers(0, 60), st.integers(0, 800), st.integers(0, 800), st.floats(-1e7, 1e9, allow_nan=False))
        rows = data.draw(st.lists(row, max_size=25))
        x = [n if recency else 0 for n, recency, _, _ in rows]
        recency = [recency if n else 0 for n, recency, _, _ in rows]
        age = [last + more for last, (_, _, more, _) in zip(recency, rows, strict=True)]
        histories = Histories(x, recency, age, [value if n else 0 for n, (_, _, _, value) in zip(x, rows, strict=True)])
        hold(answers(fit(histories, purchases=purchases), histories))

    @BOTH
    def test_does_not_depend_on_the_order_of_buyers(self, shared_data: Path, purchases: str) -> None:
        histories = cdnow.histories(shared_data, "sample")
        parts = (histories.frequency, histories.recency_days, histories.age_days, histories.mean_value)
        model = fit(histories, purchases=purchases)
        assert model == fit(Histories(*parts), purchases=purchases)
        turned = fit(Histories(*(part[::-1] for part in parts)), purchases=purchases)
        assert turned.purchases == model.purchases
        assert list(turned.spend.as_dict().values()) == pytest.approx(list(model.spend.as_dict().values()), rel=1e-5)

    def test_refuses_a_model_that_there_is_not(self) -> None:
        with pytest.raises(ArgumentRefused, match="bg_nbd, pareto_nbd"):
            fit(Histories([], [], [], []), purchases="guess")


@pytest.fixture(scope="module")
def model(shared_data: Path) -> ValueModel:
    return fit(cdnow.histories(shared_data, "sample"))


@pytest.fixture(scope="module")
def histories(shared_data: Path) -> Histories:
    return cdnow.histories(shared_data, "sample")


class TestValueModel:
    @BOTH
    def test_survives_json(self, histories: Histories, purchases: str) -> None:
        model = fit(histories, purchases=purchases)
        again = ValueModel.from_dict(json.loads(json.dumps(model.as_dict())))
        assert again == model
        assert again.version == model.version
        assert np.array_equal(again.value(histories), model.value(histories))

    def test_that_could_not_be_fitted_survives_json(self) -> None:
        model = fit(Histories([0], [0], [3], [0]))
        assert ValueModel.from_dict(json.loads(json.dumps(model.as_dict()))) == model

    def test_has_another_version_when_anything_differs(self, model: ValueModel) -> None:
        other = fit(Histories([1, 0, 2], [3, 0, 8], [9, 9, 9], [5.0, 0, 7.0]))
        assert len(model.version) == 16
        assert model.version != other.version

    def test_values_without_a_rate_the_orders_of_a_year(self, model: ValueModel, histories: Histories) -> None:
        expected = model.expected_orders(histories, 365.25) * model.expected_value_per_order(histories)
        assert model.value(histories) == pytest.approx(expected, rel=1e-9)
        assert model.value(histories, margin_rate=0.3) == pytest.approx(0.3 * expected, rel=1e-9)
        assert model.value(histories, months=0).tolist() == [0.0] * histories.buyers

    def test_discounts_each_month_at_its_end(self, model: ValueModel, histories: Histories) -> None:
        orders = [model.expected_orders(histories, 365.25 / 12 * month) for month in range(4)]
        months = sum((orders[m] - orders[m - 1]) / 1.21 ** (m / 12) for m in (1, 2, 3))
        assert model.value(histories, 3, 0.21) == pytest.approx(months * model.expected_value_per_order(histories), rel=1e-9)

    def test_gives_the_day_on_which_a_share_is_reached(self, model: ValueModel, histories: Histories) -> None:
        days = model.days_to_next_order(histories, 0.25)
        for place in np.flatnonzero(np.isfinite(days))[::97]:
            rows = slice(place, place + 1)
            one = Histories(histories.frequency[rows], histories.recency_days[rows], histories.age_days[rows], histories.mean_value[rows])
            assert model.probability_of_no_order(one, days[place]) == pytest.approx([0.75], abs=1e-9)
        gone = model.probability_alive(histories) < 0.25
        assert np.all(np.isinf(days[gone]))

    def test_knows_that_alive_is_not_coming_back(self, model: ValueModel) -> None:
        """P(alive) is 1 for every one-time buyer; that he does not order in a quarter is near certain all the same."""
        once = Histories([0], [0], [270], [0])
        assert model.probability_alive(once).tolist() == [1.0]
        assert model.probability_of_no_order(once, 90) == pytest.approx([0.939], abs=0.001)

    def test_gives_the_same_in_one_piece_and_in_many(
        self, model: ValueModel, histories: Histories, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = answers(model, histories)
        monkeypatch.setattr("regulars.predictions.clv.histories.CHUNK", 100)
        pieces = answers(model, histories)
        assert all(np.array_equal(whole[name], pieces[name]) for name in whole)

    @pytest.mark.parametrize(
        "call",
        [
            lambda m, h: m.expected_orders(h, -1),
            lambda m, h: m.probability_of_no_order(h, float("nan")),
            lambda m, h: m.value(h, -1),
            lambda m, h: m.value(h, 12, -0.1),
            lambda m, h: m.days_to_next_order(h, 1.0),
        ],
    )
    def test_refuses_what_has_no_answer(self, model: ValueModel, histories: Histories, call: Callable[..., object]) -> None:
        with pytest.raises(ArgumentRefused):
            call(model, histories)
