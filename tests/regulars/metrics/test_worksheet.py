"""The arithmetic of customer value: every worked example of the requirements (sections 2.1 and 13)."""

from __future__ import annotations

import pytest

from regulars.errors import ArgumentRefused
from regulars.metrics import worksheet


class TestSimpleValue:
    def test_of_250_six_times_a_year_for_five_years_is_7500(self):
        """Requirement M-01."""
        assert worksheet.simple_value(250, 6, 5) == 7500


class TestAcquisitionCost:
    def test_of_media_alone_is_30(self):
        """Requirement M-09: 3,000 / 100."""
        assert worksheet.acquisition_cost(100, media=3000) == 30

    def test_with_all_parts_is_37(self):
        """Requirement M-10: (3,000 + 200 + 100 + 300 + 100) / 100."""
        assert worksheet.acquisition_cost(100, media=3000, wages=200, software=100, services=300, overhead=100) == 37

    def test_refuses_to_divide_by_nobody(self):
        with pytest.raises(ArgumentRefused, match="0 customers"):
            worksheet.acquisition_cost(0, media=3000)


class TestPresentValue:
    @pytest.mark.parametrize(("rate", "expected"), [(0.0, 300.00), (0.05, 259.77), (0.10, 227.45)])
    def test_of_60_over_five_years(self, rate, expected):
        """Requirement X-09."""
        assert round(worksheet.present_value(60, rate, 5), 2) == expected

    def test_discounts_the_first_year_too(self):
        assert worksheet.present_values(110, 0.10, 2)[0] == pytest.approx(100)

    @pytest.mark.parametrize(("rate", "years"), [(-1.0, 5), (float("nan"), 5), (float("inf"), 5), (0.1, 0), (0.1, 2.5)])
    def test_refuses_impossible_arguments(self, rate, years):
        with pytest.raises(ArgumentRefused):
            worksheet.present_value(60, rate, years)


class TestCustomerEquity:
    @pytest.fixture
    def sheet(self):
        """Requirement M-20: 60,000 / 600 = 100; 200 a year for retention; 10 x 10 = 100 a year; 4 of 10 is cost: 60 %; five years."""
        return worksheet.EquityWorksheet(
            acquisition_spend=60_000,
            customers_won=600,
            retention_spend=200,
            active_customers=600,
            yearly_spend=10 * 10,
            margin=(10 - 4) / 10,
            years=5,
            rate=0.0,
        )

    def test_has_seven_steps(self, sheet):
        assert [name for name, _ in sheet.steps] == [
            "acquisition_cost",
            "retention_cost_a_year",
            "spend_a_year",
            "margin",
            "cash_flows",
            "present_values",
            "value",
        ]

    def test_costs_100_to_win_a_customer(self, sheet):
        assert sheet.acquisition_cost == 100

    def test_spreads_retention_over_active_customers(self, sheet):
        """Requirement X-09: a company total."""
        assert sheet.retention_cost == pytest.approx(200 / 600)

    def test_adds_up_with_and_without_acquisition(self, sheet):
        assert sheet.value == pytest.approx(5 * (60 - 1 / 3))
        assert sheet.equity == pytest.approx(600 * 300 - 1000)
        assert sheet.equity_after_acquisition == pytest.approx(600 * 300 - 1000 - 60_000)

    def test_does_without_acquisition_where_it_is_not_known(self):
        sheet = worksheet.EquityWorksheet(retention_spend=0, active_customers=1, yearly_spend=100, margin=0.6, years=5, rate=0.0)
        assert sheet.value == pytest.approx(300)
        assert sheet.equity_after_acquisition is None


class TestValueToCostBand:
    @pytest.mark.parametrize(
        ("ratio", "band"),
        [
            (-1, "not viable"),
            (1, "not viable"),
            (1.994, "not viable"),
            (1.996, "very little profit"),
            (2, "very little profit"),
            (2.99, "very little profit"),
            (2.996, "good"),
            (3, "good"),
            (3.004, "good"),
            (3.006, "great"),
            (3.01, "great"),
            (250, "great"),
        ],
    )
    def test_is_half_open_after_rounding_to_two_decimals(self, ratio, band):
        """Requirements M-16 and X-08."""
        assert worksheet.value_to_cost_band(ratio) == band


class TestFutureProfit:
    def test_is_projected_revenue_minus_acquisition_cost(self):
        """Requirement X-07: the source had the sign wrong."""
        assert worksheet.future_profit(7500, 3700) == 3800


class TestPayback:
    def test_is_cost_over_monthly_margin(self):
        """Requirement M-18, the simple form."""
        assert worksheet.months_to_pay_back(30, 5) == 6

    def test_never_comes_without_margin(self):
        assert worksheet.months_to_pay_back(30, 0) is None


REFERENCE = {"average_order_value": 250, "purchase_frequency": 6, "customer_lifespan": 5}


class TestWeakestPart:
    @pytest.mark.parametrize("weak", REFERENCE)
    def test_is_the_one_furthest_below_its_reference(self, weak):
        """Requirement M-08."""
        assert worksheet.weakest_part({**REFERENCE, weak: REFERENCE[weak] * 0.9}, REFERENCE) == weak

    def test_is_none_without_a_reference_for_each(self):
        assert worksheet.weakest_part(REFERENCE, {"purchase_frequency": 6}) is None
