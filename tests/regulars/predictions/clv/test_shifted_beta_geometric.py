"""The shifted-beta-geometric against its published table, products of its own retention rates, and contracts with known parameters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from regulars.errors import ArgumentRefused, HistoriesRefused
from regulars.metrics.estimates import Undefined
from regulars.predictions.clv import ShiftedBetaGeometric, fit_contracts, fit_survivors

REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]


class TestFitSurvivors:
    @pytest.mark.parametrize(("survivors", "alpha", "beta"), [(REGULAR, 0.704, 1.182), (HIGH_END, 0.668, 3.806)])
    def test_gives_the_published_parameters(self, survivors: list[int], alpha: float, beta: float) -> None:
        """Fader and Hardie (2007): survivors of the first seven renewals."""
        model = fit_survivors(survivors)
        assert (round(model.alpha, 3), round(model.beta, 3)) == (alpha, beta)
        assert model.report.converged
        assert 1000 * model.survival(np.arange(8)) == pytest.approx(survivors, abs=20)

    def test_has_the_likelihood_of_who_left_when_and_who_stayed(self) -> None:
        model = fit_survivors(REGULAR)
        there = np.concatenate([[1.0], np.cumprod([(model.beta + t) / (model.alpha + model.beta + t) for t in range(7)])])
        expected = -np.diff(REGULAR) @ np.log(-np.diff(there)) + REGULAR[-1] * np.log(there[-1])
        assert model.report.log_likelihood == pytest.approx(expected, rel=1e-10)

    @pytest.mark.parametrize("survivors", [[], [5, 6], [3, -1]])
    def test_refuses_numbers_that_no_cohort_has(self, survivors: list[int]) -> None:
        with pytest.raises(HistoriesRefused):
            fit_survivors(survivors)


class TestFitContracts:
    def test_gives_the_same_as_from_survivors(self) -> None:
        left = -np.diff(REGULAR)
        renewals = np.concatenate([np.repeat(np.arange(1, 8), left), np.full(241, 7)])
        model = fit_contracts(renewals, np.arange(1000) < 759)
        assert [model.alpha, model.beta] == pytest.approx([fit_survivors(REGULAR).alpha, fit_survivors(REGULAR).beta], rel=1e-6)

    def test_finds_planted_parameters_of_contracts_of_any_age(self) -> None:
        random = np.random.default_rng(4)
        until, seen = random.geometric(random.beta(0.9, 4.0, 40_000)), random.integers(0, 24, 40_000)
        model = fit_contracts(np.minimum(until, seen), until <= seen)
        for parameter, planted in zip(model.report.parameters, (0.9, 4.0), strict=True):
            assert abs(np.log(parameter.value / planted)) < 3 * parameter.standard_error / parameter.value
            assert parameter.standard_error < 0.05 * planted

    @pytest.mark.parametrize(
        ("renewals", "ended", "reason"),
        [
            ([], [], "no_data"),
            ([0, 0], [False, False], "no_time_passed"),
            ([3, 1, 0], [False] * 3, "one_outcome"),
            ([1, 1], [True, True], "one_outcome"),
        ],
    )
    def test_is_undefined_where_contracts_cannot_be_told_apart(self, renewals: list[int], ended: list[bool], reason: str) -> None:
        assert fit_contracts(renewals, ended) == Undefined(reason)

    @pytest.mark.parametrize(("renewals", "ended"), [([0], [True]), ([-1], [False]), ([1.5], [False]), ([1, 2], [True])])
    def test_refuses_what_no_contract_has(self, renewals: list[float], ended: list[bool]) -> None:
        with pytest.raises(HistoriesRefused):
            fit_contracts(renewals, ended)

    @pytest.mark.suite
    @given(st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=30))
    def test_never_gives_a_number_that_is_none(self, contracts: list[tuple[int, bool]]) -> None:
        model = fit_contracts([max(n, int(ended)) for n, ended in contracts], [ended for _, ended in contracts])
        if model:
            assert np.all(np.isfinite(model.survival([0, 1, 10, 1000])))
            assert np.all((model.leaves_within([0, 5, 400], 12) >= 0) & (model.leaves_within([0, 5, 400], 12) <= 1))
            assert np.all(model.expected_renewals([0, 5, 400], 12, 0.1) <= 12)


class TestShiftedBetaGeometric:
    def test_survives_as_the_product_of_its_retention_rates(self) -> None:
        model = ShiftedBetaGeometric(0.668, 3.806)
        assert np.cumprod(model.retention(np.arange(1, 13))) == pytest.approx(model.survival(np.arange(1, 13)), rel=1e-12)

    def test_is_the_average_over_every_contracts_own_chance(self) -> None:
        """The mean of (1 - theta)^t over theta ~ Beta, on a fine grid."""
        theta = (np.arange(2_000_000) + 0.5) / 2_000_000
        density = theta**1.5 * (1 - theta) ** 2.8
        expected = [(density * (1 - theta) ** t).sum() / density.sum() for t in (1, 4, 12)]
        assert ShiftedBetaGeometric(2.5, 3.8).survival([1, 4, 12]) == pytest.approx(expected, rel=1e-8)

    def test_leaves_and_renews_as_survival_says(self) -> None:
        model = ShiftedBetaGeometric(0.668, 3.806)
        there = model.survival(np.arange(20))
        assert model.leaves_within([5], 3) == pytest.approx([1 - there[8] / there[5]])
        expected = sum(there[5 + k] / there[5] / 1.1**k for k in (1, 2, 3))
        assert model.expected_renewals([5], 3, 0.1) == pytest.approx([expected])

    def test_refuses_a_rate_of_less_than_everything(self) -> None:
        with pytest.raises(ArgumentRefused):
            ShiftedBetaGeometric(1, 1).expected_renewals([0], 2, -1.0)
