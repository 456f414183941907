"""Tracking and calibration against the published figures and plain sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from regulars.errors import HistoriesRefused
from regulars.predictions.clv import Histories, calibration, fit, tracking
from tests.regulars.predictions.clv import cdnow

if TYPE_CHECKING:
    from pathlib import Path


class TestTracking:
    @pytest.mark.parametrize(("purchases", "error"), [("bg_nbd", -0.041), ("pareto_nbd", -0.017)])
    def test_is_as_far_under_cdnows_repeat_orders_as_published(self, shared_data: Path, purchases: str, error: float) -> None:
        """Fader, Hardie and Lee (2005), page 282: the BG/NBD is 4 % under at week 78, the Pareto/NBD under 2 %."""
        spent = cdnow.customers(shared_data, "sample")
        model = fit(cdnow.histories(shared_data, "sample"), purchases=purchases)
        later = [day for days in spent for day in sorted(days)[1:]]
        track = tracking(model, [min(days) for days in spent], later, cdnow.END)
        assert track.days[-1] == 78 * 7
        assert track.actual[-1] == 4339
        assert track.error == pytest.approx(error, abs=0.003)

    def test_adds_up_every_buyers_own_expectation(self) -> None:
        model = fit(Histories([3, 0, 1], [60, 0, 3], [100, 50, 90], [10.0, 0, 20]))
        first, repeat = [100, 103, 103, 120], [104, 107, 113, 121]
        track = tracking(model, first, repeat, 125)
        assert track.days == (7, 14, 21, 25)
        assert track.actual == (1, 3, 3, 4)
        one = Histories([0], [0], [0], [0])
        for end, expected in zip(track.days, track.expected, strict=True):
            alone = [model.expected_orders(one, 100 + end - day)[0] for day in first if day < 100 + end]
            assert expected == pytest.approx(sum(alone))

    def test_of_nobody_is_empty_and_without_an_order_has_no_error(self) -> None:
        model = fit(Histories([], [], [], []))
        assert tracking(model, [], [], 10).error is None
        assert tracking(model, [3], [], 10).error is None
        assert tracking(model, [3], [], 3).expected == (0.0,)

    def test_refuses_a_repeat_order_before_the_first(self) -> None:
        with pytest.raises(HistoriesRefused):
            tracking(fit(Histories([], [], [], [])), [5], [5], 10)


class TestCalibration:
    @pytest.mark.parametrize("purchases", ["bg_nbd", "pareto_nbd"])
    def test_of_cdnow_is_near_what_happened(self, shared_data: Path, purchases: str) -> None:
        histories = cdnow.histories(shared_data, "sample")
        found = calibration(fit(histories, purchases=purchases), histories)
        assert found.actual == (1411, 439, 214, 100, 62, 38, 29, 64)
        assert sum(found.expected) == pytest.approx(2357)
        chi_square = sum((a - e) ** 2 / e for a, e in zip(found.actual, found.expected, strict=True))
        assert chi_square == pytest.approx({"bg_nbd": 4.9, "pareto_nbd": 11.9}[purchases], abs=0.3)

    def test_of_a_steady_rate_is_poisson(self) -> None:
        histories = Histories([0, 0], [0, 0], [100, 0], [0, 0])
        found = calibration(fit(histories), histories, most=2)
        mean = 100 * 0.5 / 465
        assert found.expected == pytest.approx((1 + np.exp(-mean), mean * np.exp(-mean), 1 - np.exp(-mean) * (1 + mean)))
