"""The value model on CDNOW against its published figures and `lifetimes`."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.predictions.clv import Histories, ValueModel, fit


class TestFit:
    def test_of_one_time_buyers_only_is_undefined_and_still_answers(self) -> None:
        histories = Histories([0, 0, 0], [0, 0, 0], [10, 30, 0], [0, 0, 0])
        model = fit(histories)
        assert (model.purchase_fit.reason, model.spend_fit.reason) == ("no_repeats", "no_repeats")
        assert model.expected_orders(histories, 365) == pytest.approx([365 * 0.5 / 405] * 3)
        assert model.value(histories).tolist() == [0, 0, 0]

    def test_survives_json(self) -> None:
        histories = Histories([3, 0, 1], [60, 0, 3], [100, 50, 90], [10.0, 0, 20])
        model = fit(histories)
        again = ValueModel.from_dict(model.as_dict())
        assert again == model
        assert again.version == model.version
        assert np.array_equal(again.value(histories), model.value(histories))
