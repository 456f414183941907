"""What a customer is worth, from the tables."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from regulars import metrics
from regulars.errors import ArgumentRefused
from regulars.metrics.worksheet import present_value, value_to_cost_band
from tests.builders import window

pytestmark = pytest.mark.suite

BEGIN = date(2018, 1, 1)
END = BEGIN + timedelta(days=5 * 365)
LAST = END - timedelta(days=90)
"""The last order: after 90 days without another one the customer has lapsed, five years to the day after the first."""


def lived_five_years(customer, amount=250_00, middle=0):
    """One order at the beginning and six in the last year, 250.00 each; `middle` more before that."""
    days = [BEGIN, *(LAST - timedelta(days=40 * k) for k in range(6)), *(BEGIN + timedelta(days=30 + 10 * k) for k in range(middle))]
    return [{"at": day, "customer": customer, "amount": amount} for day in days]


def one(session, name, start=None, end=None, **arguments):
    (value,) = metrics.run(session, name, window(session, start, end), **arguments)
    return value


class TestClvSimple:
    @pytest.fixture(scope="class")
    @classmethod
    def shop(cls, shop_of):
        return shop_of(orders=[*lived_five_years("ann"), *lived_five_years("bob")], as_of=END - timedelta(days=1))

    def test_is_7500(self, shop):
        """Requirement M-01: 250 x 6 x 5, each part measured."""
        value = one(shop, "clv_simple")
        assert value.value == pytest.approx(7500.0)
        parts = {name: value.beside[name] for name in ("average_order_value", "purchase_frequency", "customer_lifespan")}
        assert parts == {"average_order_value": 250.0, "purchase_frequency": 6.0, "customer_lifespan": 5.0}

    def test_names_no_weakest_part_without_a_reference(self, shop):
        value = one(shop, "clv_simple")
        assert (value.beside["weakest"], value.beside["action"]) == (None, None)

    @pytest.mark.parametrize(
        ("reference", "weakest", "action"),
        [
            ({"order_value": 300, "orders_per_year": 6, "years": 5}, "average_order_value", "cross_sell_bundles_upsell"),
            ({"order_value": 250, "orders_per_year": 8, "years": 5}, "purchase_frequency", "offers_discounts_launches"),
            ({"order_value": 250, "orders_per_year": 6, "years": 6}, "customer_lifespan", "engagement_content_email"),
        ],
    )
    def test_names_the_weakest_part_against_what_is_given(self, shop, reference, weakest, action):
        """Requirement M-08."""
        beside = one(shop, "clv_simple", **reference).beside
        assert (beside["weakest"], beside["action"], beside["reference"]) == (weakest, action, "given")

    def test_compares_with_the_targets_of_the_company(self, shop_of):
        targets = {"average_order_value": 200.0, "purchase_frequency": 12.0, "customer_lifespan": 5.0}
        shop = shop_of(orders=lived_five_years("ann"), as_of=END - timedelta(days=1), targets=targets)
        beside = one(shop, "clv_simple").beside
        assert (beside["weakest"], beside["reference"]) == ("purchase_frequency", "target")

    def test_compares_a_group_with_the_whole_company(self, shop_of):
        people = [{"at": BEGIN, "identity_id": who, "country": country} for who, country in (("ann", "DE"), ("bob", "FR"))]
        orders = [*lived_five_years("ann"), *lived_five_years("bob", amount=100_00)]
        shop = shop_of(orders=orders, customers=people, as_of=END - timedelta(days=1))
        found = {v.group: v for v in metrics.run(shop, "clv_simple", window(shop), group_by="country")}
        assert found["FR"].value == pytest.approx(3000.0)
        assert (found["FR"].beside["weakest"], found["FR"].beside["reference"]) == ("average_order_value", "company")

    def test_compares_a_window_with_the_one_before(self, shop_of):
        orders = [{"at": f"2024-0{m}-15", "customer": "ann", "amount": 100_00 if m < 5 else 50_00} for m in range(1, 6)]
        shop = shop_of(orders=orders, as_of=date(2024, 5, 31))
        beside = one(shop, "clv_simple", "2024-05-01", "2024-06-01").beside
        assert (beside["weakest"], beside["reference"]) == ("average_order_value", "window_before")

    def test_warns_where_customers_have_spent_more_already(self, shop_of, shop):
        assert one(shop, "clv_simple").beside["warnings"] == ()
        spent = shop_of(orders=lived_five_years("ann", middle=40), as_of=END - timedelta(days=1))
        value = one(spent, "clv_simple")
        assert value.value == pytest.approx(7500.0)
        assert value.beside["historic"] == pytest.approx(47 * 250.0)
        assert value.beside["warnings"] == ("below_historic",)

    def test_is_undefined_where_a_part_is(self, shop):
        assert one(shop, "clv_simple", "2018-06-01", "2018-07-01").value.reason == "part_undefined"


class TestClvHistoric:
    @pytest.fixture(scope="class")
    @classmethod
    def shop(cls, shop_of):
        orders = [
            {"at": "2024-01-05", "customer": "ann", "amount": 100_00, "order": "o1"},
            {"at": "2024-03-05", "customer": "ann", "amount": 50_00, "order": "o2"},
            {"at": "2024-03-09", "customer": "ann", "amount": -20_00, "order": "o2", "kind": "refund"},
            {"at": "2024-01-07", "customer": "bob", "amount": 30_00, "order": "o3"},
            {"at": "2024-02-07", "customer": "bob", "amount": -5_00, "order": "r1", "kind": "refund", "linked": False},
            {"at": "2024-02-07", "customer": "cid", "amount": 900_00, "order": "o4"},
        ]
        return shop_of(orders=orders, as_of=date(2024, 3, 31))

    def test_is_the_mean_of_what_customers_won_in_the_window_have_spent(self, shop):
        """Requirement M-05: (130 + 25) / 2, returns without an order taken off."""
        value = one(shop, "clv_historic", "2024-01-01", "2024-02-01")
        assert (value.value, value.n) == (77.5, 2)
        assert value.low < 77.5 < value.high

    def test_shows_quartiles_in_the_same_unit(self, shop):
        beside = one(shop, "clv_historic", "2024-01-01", "2024-02-01").beside
        assert (beside["q25"], beside["q50"], beside["q75"]) == (51.25, 77.5, 103.75)


def year_of_ten(customers=1, cost=None):
    """Each customer orders ten times for 10.00 in the second half of 2024."""
    orders = [
        {"at": date(2024, 7, 1) + timedelta(days=18 * k), "customer": f"c{i:03}", "amount": 10_00, "order": f"o{i:03}-{k}"}
        for i in range(customers)
        for k in range(10)
    ]
    lines = [
        {"at": o["at"], "customer": o["customer"], "amount": o["amount"], "order": o["order"], "unit_cost_minor": cost} for o in orders
    ]
    return {"orders": orders, "order_lines": lines if cost else [], "as_of": date(2024, 12, 31)}


class TestClvDiscounted:
    @pytest.mark.parametrize(("rate", "expected"), [(0.0, 300.00), (0.05, 259.77), (0.10, 227.45)])
    def test_of_a_cash_flow_of_60_over_five_years(self, shop_of, rate, expected):
        """Requirement X-09: 10 orders of 10.00 that cost 4.00 each leave 60.00."""
        value = one(shop_of(**year_of_ten(cost=400.0)), "clv_discounted", "2024-12-01", "2025-01-01", rate=rate)
        assert round(value.value, 2) == expected
        assert (value.beside["basis"], value.beside["cash_flow_a_year"]) == ("gross_margin", pytest.approx(60.0))

    def test_takes_the_margin_of_the_settings_where_no_cost_is_known(self, shop_of):
        value = one(shop_of(**year_of_ten(), margin_rate=0.6), "clv_discounted", rate=0.0)
        assert (value.value, value.beside["basis"]) == (pytest.approx(300.0), "margin_rate")

    def test_says_that_it_is_revenue_without_a_margin(self, shop_of):
        value = one(shop_of(**year_of_ten()), "clv_discounted", rate=0.0)
        assert (value.value, value.beside["basis"]) == (pytest.approx(500.0), "revenue")

    def test_spreads_retention_over_active_customers(self, shop_of):
        """366 days of 2024 cost 366.00, of which 365 count; two customers: 60 - 182.50."""
        costs = [{"starts_on": "2024-01-01", "ends_on": "2025-01-01", "purpose": "retention", "amount": 366_00}]
        shop = shop_of(**year_of_ten(2), costs=costs, margin_rate=0.6)
        assert one(shop, "clv_discounted", rate=0.0, years=1).value == pytest.approx(60 - 182.5)
        assert one(shop, "clv_discounted", rate=0.0, years=1, retention_spend=20).value == pytest.approx(60 - 10)

    def test_spreads_it_over_all_customers_in_groups_too(self, shop_of):
        people = [{"at": "2024-01-01", "identity_id": f"c00{i}", "country": "DE" if i else "FR"} for i in range(4)]
        shop = shop_of(**year_of_ten(4), customers=people, margin_rate=0.6)
        found = metrics.run(shop, "clv_discounted", window(shop), group_by="country", rate=0.0, years=1, retention_spend=40)
        assert {v.group: (v.value, v.n) for v in found} == {"DE": (pytest.approx(50.0), 3), "FR": (pytest.approx(50.0), 1)}

    def test_is_undefined_without_a_rate(self, shop_of):
        assert one(shop_of(**year_of_ten()), "clv_discounted").value.reason == "no_rate"

    def test_takes_the_rate_of_the_settings(self, shop_of):
        shop = shop_of(**year_of_ten(), margin_rate=0.6, discount_rate=0.1)
        assert round(one(shop, "clv_discounted").value, 2) == 227.45

    @pytest.mark.parametrize("arguments", [{"rate": -1.5}, {"rate": 0.1, "years": 0}])
    def test_refuses_impossible_arguments(self, shop_of, arguments):
        with pytest.raises(ArgumentRefused):
            one(shop_of(**year_of_ten()), "clv_discounted", **arguments)


class TestCustomerEquity:
    """The worksheet of requirement M-20 on 600 customers, who cost 60,000 and of whom each spends 100 a year at a margin of 60 %."""

    @pytest.fixture(scope="class")
    @classmethod
    def shop(cls, shop_of):
        rows = year_of_ten(600)
        rows["orders"].append({"at": "2022-01-01", "customer": "founder", "amount": 1, "order": "o0"})
        costs = [
            {"starts_on": "2024-07-01", "ends_on": "2024-08-01", "amount": 60_000_00},
            {"starts_on": "2024-02-01", "ends_on": "2024-03-01", "purpose": "retention", "amount": 200_00},
        ]
        return shop_of(**rows, costs=costs, margin_rate=0.6)

    @pytest.mark.parametrize("rate", [0.0, 0.05, 0.10])
    def test_walks_the_seven_steps(self, shop, rate):
        value = one(shop, "customer_equity", "2024-07-01", "2025-01-01", rate=rate)
        flow = 60 - 200 / 600
        assert value.beside["acquisition_cost"] == pytest.approx(100.0)
        assert value.beside["retention_cost_a_year"] == pytest.approx(200 / 600)
        assert value.beside["spend_a_year"] == pytest.approx(100.0)
        assert value.beside["margin"] == 0.6
        assert value.beside["cash_flows"] == pytest.approx((flow,) * 5)
        assert value.beside["present_values"][0] == pytest.approx(flow / (1 + rate))
        assert value.beside["value"] == pytest.approx(present_value(flow, rate, 5))
        assert value.value == pytest.approx(600 * present_value(flow, rate, 5))
        assert value.n == 600

    def test_is_shown_with_and_without_acquisition(self, shop):
        """Requirement X-09: 300 x 600 - 200 x 5 = 179,000; less 60,000."""
        value = one(shop, "customer_equity", "2024-07-01", "2025-01-01", rate=0.0)
        assert value.value == pytest.approx(179_000.0)
        assert value.beside["equity_after_acquisition"] == pytest.approx(119_000.0)

    def test_leaves_acquisition_out_where_it_has_no_value(self, shop_of):
        beside = one(shop_of(**year_of_ten(), margin_rate=0.6), "customer_equity", rate=0.0).beside
        assert (beside["acquisition_cost"], beside["equity_after_acquisition"]) == (None, None)


class TestClvToCac:
    SPAN = ("2024-07-01", "2025-01-01")

    @staticmethod
    def rows(cost):
        rows = year_of_ten(10)
        rows["orders"].append({"at": "2022-01-01", "customer": "founder", "amount": 10_00, "order": "o0"})
        return {**rows, "costs": [{"starts_on": "2024-07-01", "ends_on": "2025-01-01", "amount": cost}]}

    def lifetime(self, shop_of):
        """Margin of a lifetime, in minor units."""
        return one(shop_of(**self.rows(1)), "clv_simple", *self.SPAN).value * 100 * 0.6

    @pytest.mark.parametrize(
        ("ratio", "band"),
        [(1.5, "not viable"), (1.99, "not viable"), (2, "very little profit"), (2.9, "very little profit"), (3, "good"), (3.2, "great")],
    )
    def test_has_bands(self, shop_of, ratio, band):
        """Requirements M-16, X-08."""
        shop = shop_of(**self.rows(round(self.lifetime(shop_of) * 10 / ratio)), margin_rate=0.6)
        value = one(shop, "clv_to_cac", *self.SPAN)
        assert value.value == pytest.approx(ratio, rel=1e-3)
        assert value.band == band == value_to_cost_band(value.value)
        assert value.beside["profit"] == pytest.approx(value.numerator - value.denominator)

    def test_has_no_band_on_a_revenue_basis(self, shop_of):
        """shared/product/metrics.md: on a revenue basis no band is shown."""
        value = one(shop_of(**self.rows(10_00)), "clv_to_cac", *self.SPAN)
        assert (value.beside["basis"], value.band) == ("revenue", None)

    def test_is_undefined_without_costs(self, shop_of):
        shop = shop_of(**{**self.rows(1), "costs": []})
        assert one(shop, "clv_to_cac", *self.SPAN).value.reason == "part_undefined"

    def test_can_be_asked_by_channel(self, shop_of):
        """Requirement M-07."""
        people = [{"at": "2024-01-01", "identity_id": f"c00{i}", "acquisition_channel": "blog" if i < 5 else "search"} for i in range(10)]
        costs = [
            {"starts_on": "2024-07-01", "ends_on": "2025-01-01", "amount": amount, "channel": channel}
            for channel, amount in (("blog", 50_00), ("search", 100_00))
        ]
        shop = shop_of(**{**self.rows(1), "costs": costs, "customers": people}, margin_rate=0.6)
        found = {v.group: v for v in metrics.run(shop, "clv_to_cac", window(shop, *self.SPAN), group_by="acquisition_channel")}
        assert found["blog"].denominator == pytest.approx(10.0)
        assert found["blog"].value == pytest.approx(2 * found["search"].value)
