"""BG/NBD against the published table, an adding up over a grid, and buyers with known parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from regulars.predictions.clv import Histories, fit
from regulars.predictions.clv.bg_nbd import BgNbd, BgNbdLikelihood, fit_bg_nbd, orders_by_quadrature
from regulars.predictions.clv.histories import collapse
from tests.regulars.predictions.clv import brute_force, cdnow

if TYPE_CHECKING:
    from pathlib import Path

CDNOW = (0.2426, 30.895, 0.7929, 2.4259)
PLANTED = (0.8, 500.0, 1.2, 4.0)
HISTORIES = [(0, 0, 0), (0, 0, 200), (1, 3, 200), (2, 190, 200), (12, 60, 365), (40, 300, 301), (3, 200, 200)]
PARAMETERS = [
    CDNOW,
    (0.11, 15.7, 0.31, 0.5),  # a + b < 1: `lifetimes` has NaN for who ordered once
    (0.6, 40.0, 1.0, 2.0),  # a = 1
    (0.6, 40.0, 1.0000003, 2.0),
    (0.6, 40.0, 0.4, 0.6),  # a + b = 1
    (0.6, 40.0, 0.4, 0.6000001),
    (3.0, 90.0, 20.0, 60.0),
    (5.0, 200.0, 150.0, 9.0),  # the closed form overflows
]


def one(*history: int) -> tuple[np.ndarray, ...]:
    return tuple(np.array([part]) for part in history)


class TestFit:
    def test_gives_the_published_parameters_of_cdnow(self, shared_data: Path) -> None:
        """Fader, Hardie and Lee (2005), table 2; in weeks."""
        histories = cdnow.histories(shared_data, "sample")
        model, report = fit_bg_nbd(collapse(histories))
        assert histories.buyers == 2357
        assert (round(model.r, 3), round(model.alpha / 7, 3), round(model.a, 3), round(model.b, 3)) == (0.243, 4.414, 0.793, 2.426)
        assert report.log_likelihood + histories.frequency.sum() * np.log(7) == pytest.approx(-9582.43, abs=0.01)
        assert report.converged
        assert report.at_bound == ()

    def test_gives_the_parameters_that_lifetimes_finds_for_all_23570(self, shared_data: Path) -> None:
        """By lifetimes 0.11.3 on the same customers, 22 November 2026."""
        histories = cdnow.histories(shared_data, "master")
        model, report = fit_bg_nbd(collapse(histories))
        assert histories.buyers == 23_570
        assert [model.r, model.alpha / 7, model.a, model.b] == pytest.approx([0.2516, 4.789, 0.723, 2.161], abs=5e-4)
        assert report.log_likelihood + histories.frequency.sum() * np.log(7) == pytest.approx(-95_368.44, abs=0.01)

    def test_gives_standard_errors_near_those_of_a_bootstrap(self, shared_data: Path) -> None:
        """95 % intervals of 200 refits on resampled customers, 22 November 2026: r .216-.274, alpha 25.0-38.7, a .53-1.44, b 1.5-5.0."""
        _, report = fit_bg_nbd(collapse(cdnow.histories(shared_data, "sample")))
        bootstrap = {"r": (0.216, 0.274), "alpha": (25.0, 38.7), "a": (0.53, 1.44), "b": (1.5, 5.0)}
        for parameter in report.parameters:
            low, high = bootstrap[parameter.name]
            assert parameter.low == pytest.approx(low, rel=0.15)
            assert parameter.high == pytest.approx(high, rel=0.15)

    def test_finds_planted_parameters(self) -> None:
        histories = simulated(60_000, PLANTED, seed=5, most=6000)
        _, report = fit_bg_nbd(collapse(histories))
        for parameter, truth in zip(report.parameters, PLANTED, strict=True):
            assert abs(np.log(parameter.value / truth)) < 3 * parameter.standard_error / parameter.value
            assert parameter.standard_error < 0.15 * truth

    @pytest.mark.suite
    def test_on_many_rows_from_a_subsample_ends_where_a_fit_of_all_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = collapse(simulated(150_000, CDNOW, seed=2))
        assert len(rows) > 30_000
        _, quick = fit_bg_nbd(rows, seed=3)
        _, again = fit_bg_nbd(rows, seed=3)
        _, other = fit_bg_nbd(rows, seed=4)
        monkeypatch.setattr("regulars.predictions.clv.maximum.MANY", 10**9)
        _, whole = fit_bg_nbd(rows)
        assert again == quick
        assert quick.evaluations < whole.evaluations
        for report in (quick, other):
            assert list(report.values.values()) == pytest.approx(list(whole.values.values()), rel=2e-6)


def simulated(buyers: int, parameters: tuple[float, ...], seed: int, most: int = 900) -> Histories:
    """Buyers who do as the model says; at most one order in a day."""
    r, alpha, a, b = parameters
    random = np.random.default_rng(seed)
    age = random.integers(1, most, buyers)
    rate, dropping = random.gamma(r, 1 / alpha, buyers), random.beta(a, b, buyers)
    time, last, x = np.zeros(buyers), np.zeros(buyers, dtype=int), np.zeros(buyers, dtype=int)
    on = np.flatnonzero(rate > 1e-8)
    while len(on):
        time[on] += random.exponential(1, len(on)) / rate[on]
        on = on[time[on] < age[on]]
        day = np.ceil(time[on]).astype(int)
        x[on] += day > last[on]
        last[on] = day
        on = on[random.random(len(on)) > dropping[on]]
    return Histories(x, last, age, np.zeros(buyers))


class TestLikelihood:
    @pytest.mark.parametrize("parameters", [CDNOW, (2.0, 90.0, 0.3, 0.5), (0.6, 40.0, 1.0, 2.0)])
    def test_is_that_of_adding_up_over_every_rate_and_chance(self, parameters: tuple[float, ...]) -> None:
        x, recency, age = zip(*HISTORIES, strict=True)
        likelihood = BgNbdLikelihood(collapse(Histories(x, recency, age, np.zeros(len(x)))))
        expected = sum(np.log(brute_force.bg_nbd(parameters, *history, 30).likelihood) for history in HISTORIES)
        assert -likelihood(np.log(parameters))[0] * likelihood.weight == pytest.approx(expected, rel=1e-9)

    def test_has_the_gradient_of_its_differences(self) -> None:
        likelihood = BgNbdLikelihood(collapse(simulated(500, CDNOW, seed=1)))
        point = np.log([0.4, 50.0, 0.7, 1.9])
        differences = [(likelihood(point + step)[0] - likelihood(point - step)[0]) / 2e-5 for step in 1e-5 * np.eye(4)]
        assert likelihood(point)[1] == pytest.approx(differences, abs=1e-8)


class TestBgNbd:
    @pytest.mark.parametrize("parameters", PARAMETERS)
    @pytest.mark.parametrize("history", HISTORIES)
    def test_says_what_adding_up_over_every_rate_and_chance_says(self, parameters: tuple[float, ...], history: tuple[int, ...]) -> None:
        model, expected = BgNbd(*parameters), brute_force.bg_nbd(parameters, *history, 90)
        x, recency, age = one(*history)
        alive = model.alive(x, recency, age)
        assert alive == pytest.approx([expected.alive], rel=1e-8)
        assert alive * model.orders(x, age, 90) == pytest.approx([expected.orders], rel=1e-7)
        assert model.orders_staying(x, age, 90) == pytest.approx([expected.staying], rel=1e-8)
        assert 1 - alive * model.order_within(x, age, 90) == pytest.approx([expected.no_order], rel=1e-8)

    @pytest.mark.parametrize("days", [0.0, 1e-6, 36_500.0])
    @pytest.mark.parametrize("parameters", PARAMETERS)
    def test_expects_no_more_orders_than_of_who_stays(self, parameters: tuple[float, ...], days: float) -> None:
        x, age = np.array([0, 1, 5000]), np.array([0, 10, 6000])
        orders = BgNbd(*parameters).orders(x, age, days)
        assert np.all(orders >= 0)
        assert np.all(orders <= BgNbd(*parameters).orders_staying(x, age, days) * (1 + 1e-12))

    def test_without_its_closed_form_expects_the_same(self) -> None:
        r, alpha, a, b = CDNOW
        x, age = np.array([0, 1, 7, 300]), np.array([0, 90, 500, 900])
        closed = BgNbd(*CDNOW).orders(x, age, 365)
        assert orders_by_quadrature(r + x, 365 / (alpha + age), a, b + x) == pytest.approx(closed, rel=1e-10)

    @pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.999])
    def test_reaches_a_share_on_the_day_it_says(self, share: float) -> None:
        model, x, age = BgNbd(*CDNOW), np.array([0, 1, 12]), np.array([0, 40, 365])
        days = model.days_until(x, age, np.full(3, share))
        reached = [model.order_within(x[i : i + 1], age[i : i + 1], days[i])[0] for i in range(3)]
        assert reached == pytest.approx([share] * 3, abs=1e-12)

    def test_never_reaches_what_is_certain(self) -> None:
        assert BgNbd(*CDNOW).days_until(np.array([3]), np.array([90]), np.array([1.0])).tolist() == [np.inf]

    @pytest.mark.parametrize("parameters", PARAMETERS[:3])
    def test_counts_buyers_as_adding_up_does(self, parameters: tuple[float, ...]) -> None:
        counts = BgNbd(*parameters).counts(np.array([270.0]), 7)[0]
        assert counts[:7] == pytest.approx(brute_force.bg_nbd_counts(parameters, 270, 7), rel=1e-8)
        assert counts.sum() == pytest.approx(1)


@pytest.mark.suite
class TestLifetimes:
    def test_agrees_on_every_cdnow_customer(self, shared_data: Path, lifetimes) -> None:
        histories = cdnow.histories(shared_data, "sample")
        model = fit(histories)
        oracle = lifetimes.BetaGeoFitter()
        oracle.params_ = model.purchases.as_dict()
        columns = histories.frequency, histories.recency_days, histories.age_days
        orders = oracle.conditional_expected_number_of_purchases_up_to_time(273, *columns)
        assert model.expected_orders(histories, 273) == pytest.approx(orders, abs=1e-10)
        assert model.probability_alive(histories) == pytest.approx(oracle.conditional_probability_alive(*columns), abs=1e-12)
        assert orders.sum() == pytest.approx(1653, abs=1)
