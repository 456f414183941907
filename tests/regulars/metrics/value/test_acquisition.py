"""What it costs to win a customer, from the tables."""

from __future__ import annotations

import csv
import gzip
from datetime import date, timedelta

import pytest

from regulars import metrics
from regulars.errors import MixedCurrencies
from tests.builders import window

pytestmark = pytest.mark.suite
FOUNDER = {"at": "2023-06-01", "customer": "founder", "amount": 1000}
"""Without an order long before, the first customers of the data would all be new."""


def won(number=100, amount=2000, first=date(2024, 4, 1)):
    """Orders of `number` customers, one each, spread over a quarter."""
    return [{"at": first + timedelta(days=i % 90), "customer": f"c{i:03}", "amount": amount} for i in range(number)]


def quarter_cost(kind, amount, **more):
    return {"starts_on": "2024-04-01", "ends_on": "2024-07-01", "kind": kind, "amount": amount, **more}


MEDIA = quarter_cost("media", 3000_00)
OTHERS = [
    quarter_cost("wages", 200_00),
    quarter_cost("software", 100_00),
    quarter_cost("services", 300_00),
    quarter_cost("overhead", 100_00),
]


def one(session, name, start="2024-04-01", end="2024-07-01", **arguments):
    (value,) = metrics.run(session, name, window(session, start, end), **arguments)
    return value


class TestCac:
    @pytest.fixture(scope="class")
    @classmethod
    def shop(cls, shop_of):
        return shop_of(orders=[FOUNDER, *won()], costs=[MEDIA, *OTHERS, quarter_cost("goods", 999_00)], as_of=date(2024, 6, 30))

    def test_basic_is_30(self, shop):
        """Requirement M-09: 3,000 / 100, over three months."""
        value = one(shop, "cac_basic")
        assert (value.value, value.numerator, value.denominator, value.currency) == (30.0, 3000.0, 100.0, "EUR")

    def test_is_37_with_all_parts(self, shop):
        """Requirement M-10: 3,700 / 100."""
        assert one(shop, "cac").value == pytest.approx(37.0)

    def test_has_no_interval(self, shop):
        value = one(shop, "cac")
        assert (value.low, value.high, value.interval_method) == (None, None, "none")

    def test_is_undefined_where_the_data_begin_too_late(self, shop_of):
        shop = shop_of(orders=won(), costs=[MEDIA], as_of=date(2024, 6, 30))
        assert one(shop, "cac").value.reason == "history_too_short"

    def test_is_undefined_without_costs(self, shop_of):
        assert one(shop_of(orders=[FOUNDER, *won()]), "cac").value.reason == "no_costs"

    def test_is_undefined_where_nobody_was_won(self, shop_of):
        shop = shop_of(orders=[FOUNDER], costs=[MEDIA], as_of=date(2024, 6, 30))
        assert one(shop, "cac").value.reason == "zero_denominator"

    def test_leaves_out_what_was_spent_on_retention(self, shop_of):
        shop = shop_of(orders=[FOUNDER, *won()], costs=[MEDIA, quarter_cost("media", 700_00, purpose="retention")], as_of=date(2024, 6, 30))
        assert one(shop, "cac").value == pytest.approx(30.0)

    def test_counts_a_first_order_that_was_given_back_as_nobody(self, shop_of):
        orders = [*won(), {"at": "2024-04-09", "customer": "regret", "order": "r", "amount": 500}]
        orders.append({"at": "2024-04-10", "customer": "regret", "order": "r", "kind": "refund", "amount": -500})
        shop = shop_of(orders=[FOUNDER, *orders], costs=[MEDIA], as_of=date(2024, 6, 30))
        assert one(shop, "cac_basic").denominator == 100

    def test_spreads_a_cost_evenly_over_its_days(self, shop_of):
        """91 days at 10.00 a day: 30 of them in April; 33 of the customers begin in April (every one of 30 days, three twice)."""
        shop = shop_of(orders=[FOUNDER, *won(93)], costs=[quarter_cost("media", 910_00)], as_of=date(2024, 6, 30))
        april = one(shop, "cac_basic", "2024-04-01", "2024-05-01")
        assert april.numerator == pytest.approx(300.0)
        assert april.denominator == 33

    def test_counts_only_cost_days_before_as_of(self, shop_of):
        shop = shop_of(orders=[FOUNDER, *won(100)], costs=[quarter_cost("media", 910_00)], as_of=date(2024, 4, 10))
        value = one(shop, "cac_basic")
        assert value.numerator == pytest.approx(100.0)
        assert value.denominator == 20
        assert not value.complete

    def test_takes_costs_from_before_the_first_order(self, shop_of):
        """The cost's period begins a year before there is any order; its rate and days are known all the same."""
        long = {"starts_on": "2022-07-02", "ends_on": "2024-07-01", "kind": "media", "amount": 730_00}
        shop = shop_of(orders=[FOUNDER, *won()], costs=[long], as_of=date(2024, 6, 30))
        assert one(shop, "cac_basic").numerator == pytest.approx(91.0)

    def test_is_refused_where_a_cost_has_no_rate(self, shop_of):
        shop = shop_of(
            orders=[FOUNDER, *won()], costs=[quarter_cost("media", 100, currency="SEK")], currency="EUR", as_of=date(2024, 6, 30)
        )
        with pytest.raises(MixedCurrencies, match="SEK"):
            one(shop, "cac")
        assert one(shop, "revenue").value == pytest.approx(2000.0)

    def test_converts_costs_at_the_rate_of_their_first_day(self, shop_of):
        rates = [{"on_date": "2024-03-31", "currency": "USD", "to_currency": "EUR", "rate": 0.5}]
        shop = shop_of(
            orders=[FOUNDER, *won()],
            costs=[quarter_cost("media", 6000_00, currency="USD")],
            exchange_rates=rates,
            currency="EUR",
            as_of=date(2024, 6, 30),
        )
        assert one(shop, "cac_basic").value == pytest.approx(30.0)


class TestCacByChannel:
    @pytest.fixture(scope="class")
    @classmethod
    def shop(cls, shop_of):
        """60 came by search, which is paid, 40 by word of mouth."""
        people = [
            {"at": "2024-04-01", "customer": f"c{i:03}", "acquisition_channel": "search" if i < 60 else "word of mouth"} for i in range(100)
        ]
        people = [{**p, "identity_id": p.pop("customer")} for p in people]
        costs = [quarter_cost("media", 3000_00, channel="search"), quarter_cost("wages", 700_00, channel="content", paid=False)]
        return shop_of(orders=[FOUNDER, *won()], customers=people, costs=costs, as_of=date(2024, 6, 30))

    def test_paid_divides_by_those_who_came_through_paid_channels(self, shop):
        """Requirement M-14: 3,000 / 60."""
        assert one(shop, "cac_paid").value == pytest.approx(50.0)

    def test_all_channel_divides_by_everybody(self, shop):
        """Requirements M-13, X-06: 3,700 / 100."""
        assert one(shop, "cac_all_channel").value == pytest.approx(37.0)

    def test_can_be_grouped(self, shop):
        """Requirement M-12."""
        found = {v.group: v for v in metrics.run(shop, "cac", window(shop, "2024-04-01", "2024-07-01"), group_by="acquisition_channel")}
        assert found["search"].value == pytest.approx(50.0)
        assert found["word of mouth"].value == 0
        assert found["content"].value.reason == "zero_denominator"


class TestPaybackMonths:
    @staticmethod
    def shop(shop_of, **rules):
        """100 customers at 30.00 each, who spend 20.00 at once, again after 30 and after 75 days."""
        orders = []
        for i in range(100):
            orders += [{"at": date(2024, 4, 1) + timedelta(days=d), "customer": f"c{i:03}", "amount": 2000} for d in (0, 30, 75)]
        return shop_of(orders=[FOUNDER, *orders], costs=[MEDIA], as_of=date(2024, 6, 30), **rules)

    def test_is_the_month_in_which_the_margin_reaches_the_cost(self, shop_of):
        """20 x 0.75 = 15 a month: 15, 30 -> the second month."""
        value = one(self.shop(shop_of, margin_rate=0.75), "payback_months")
        assert value.value == 2
        assert value.beside["curve"] == pytest.approx((15.0, 30.0, 45.0))
        assert value.beside["acquisition_cost"] == 30
        assert value.beside["simple_months"] == pytest.approx(2.0)
        assert value.beside["basis"] == "margin_rate"

    def test_is_undefined_before_it_is_reached(self, shop_of):
        assert one(self.shop(shop_of, margin_rate=0.25), "payback_months").value.reason == "not_reached"

    def test_takes_revenue_and_says_so_without_a_margin(self, shop_of):
        value = one(self.shop(shop_of), "payback_months")
        assert (value.value, value.beside["basis"]) == (2, "revenue")

    def test_has_a_part_undefined_without_costs(self, shop_of):
        shop = shop_of(orders=[FOUNDER, *won()], as_of=date(2024, 6, 30))
        assert one(shop, "payback_months").value.reason == "part_undefined"


class TestReturnOnSpend:
    @pytest.fixture(scope="class")
    @classmethod
    def shop(cls, shop_of):
        costs = [
            quarter_cost("media", 100_00, channel="search", campaign="spring"),
            quarter_cost("media", 50_00, channel="social"),
            quarter_cost("wages", 999_00),
            quarter_cost("goods", 540_00, channel="search"),
        ]
        orders = [
            {"at": "2024-04-05", "customer": "a", "amount": 200_00, "campaign": "spring", "channel": "web"},
            {"at": "2024-04-06", "customer": "b", "amount": 100_00, "channel": "search"},
            {"at": "2024-04-07", "customer": "c", "amount": 100_00, "campaign": "unknown to costs", "channel": "social"},
            {"at": "2024-04-08", "customer": "d", "amount": 900_00, "channel": "web"},
            {"at": "2024-04-08", "amount": 50_00, "channel": "social"},
        ]
        return shop_of(orders=orders, costs=costs, as_of=date(2024, 6, 30))

    def test_is_margin_less_cost_over_cost(self, shop):
        """The margin is measured: (1,350 - 540) / 1,350 = 60 %. (450 x 0.6 - 150) / 150."""
        value = one(shop, "return_on_spend")
        assert value.value == pytest.approx(0.8)
        assert (value.numerator, value.denominator) == (pytest.approx(120.0), 150.0)
        assert value.beside["attribution"] == "named"

    def test_by_channel_counts_an_order_where_its_campaign_belongs(self, shop):
        """Search: (300 x 0.6 - 100) / 100; social: (150 x 0.6 - 50) / 50."""
        found = {
            v.group: v.value for v in metrics.run(shop, "return_on_spend", window(shop, "2024-04-01", "2024-07-01"), group_by="channel")
        }
        assert found == {"search": pytest.approx(0.8), "social": pytest.approx(0.8)}

    def test_by_campaign_sets_apart_what_names_a_channel_only(self, shop):
        found = {
            v.group: v.value for v in metrics.run(shop, "return_on_spend", window(shop, "2024-04-01", "2024-07-01"), group_by="campaign")
        }
        assert found == {"spring": pytest.approx(0.2), "(unknown)": pytest.approx(2.0)}

    def test_is_undefined_without_costs_of_channels(self, shop_of):
        shop = shop_of(orders=won(3), costs=[MEDIA])
        assert one(shop, "return_on_spend").value.reason == "no_costs"


class TestLeadToSaleRate:
    def test_counts_leads_who_ordered_since(self, shop_of):
        people = [{"at": "2024-04-02", "identity_id": who, "stage": "lead"} for who in ("a", "b", "c", "d")]
        people.append({"at": "2024-05-02", "identity_id": "a", "stage": "lead"})
        orders = [
            {"at": day, "customer": who, "amount": 100} for who, day in (("a", "2024-06-01"), ("b", "2024-04-01"), ("x", "2024-04-03"))
        ]
        shop = shop_of(customers=people, orders=orders)
        value = one(shop, "lead_to_sale_rate")
        assert (value.numerator, value.denominator, value.interval_method) == (1, 4, "wilson")


class TestOnMarketingOfFebruary2021:
    """shared/data/marketing_spend/README.md: own counts of a day x campaign table."""

    @pytest.fixture(scope="class")
    @classmethod
    def shop(cls, shared_data, shop_of):
        with gzip.open(shared_data / "marketing_spend" / "marketing_daily_channels.csv.gz", "rt") as file:
            rows = list(csv.DictReader(file))
        costs, orders = [], []
        for row in rows:
            day = date(*map(int, reversed(row["c_date"].split("-"))))
            spent = round(float(row["mark_spent"]) * 100)
            named = {"channel": row["category"], "campaign": row["campaign_name"].lower()}
            span = {"starts_on": day, "ends_on": day + timedelta(days=1)}
            costs.append({**span, **named, "amount": spent, "leads": int(row["leads"]), "actions": int(row["orders"]), "currency": "INR"})
            orders.append({"at": day, "amount": round(float(row["revenue"]) * 100), "channel": row["category"], "currency": "INR"})
        return shop_of(orders=orders, costs=costs)

    def test_cost_per_lead(self, shop):
        value = one(shop, "cost_per_lead", "2021-02-01", "2021-03-01")
        assert (value.numerator, value.denominator) == (pytest.approx(30_590_879.82), 65_579)
        assert value.value == pytest.approx(30_590_879.82 / 65_579)
        assert value.low < value.value < value.high

    def test_cost_per_order_by_channel(self, shop):
        found = metrics.run(shop, "cost_per_action", window(shop, "2021-02-01", "2021-03-01"), group_by="channel")
        assert {v.group: round(v.value, 2) for v in found} == {
            "influencer": 2755.58,
            "media": 3209.88,
            "search": 4179.23,
            "social": 5236.62,
        }

    def test_return_on_spend_by_channel(self, shop):
        """The published figure is revenue over spend; ours takes the spend off."""
        found = metrics.run(shop, "return_on_spend", window(shop, "2021-02-01", "2021-03-01"), group_by="channel")
        assert {v.group: round(v.value + 1, 3) for v in found} == {"influencer": 2.543, "media": 1.224, "search": 1.071, "social": 0.863}


class TestOnFacebookAds:
    def test_cost_per_purchase_by_campaign(self, shared_data, shop_of):
        """shared/data/marketing_spend/README.md: 916 6.24, 936 15.81, 1178 63.83; spend 58,705.23."""
        with gzip.open(shared_data / "marketing_spend" / "kag_facebook_ads.csv.gz", "rt") as file:
            rows = list(csv.DictReader(file))
        costs = [
            {
                "starts_on": "2017-08-01",
                "ends_on": "2017-09-01",
                "campaign": row["xyz_campaign_id"],
                "amount": round(float(row["Spent"]) * 100),
                "actions": int(row["Approved_Conversion"]),
                "leads": int(row["Total_Conversion"]),
                "currency": "USD",
            }
            for row in rows
        ]
        shop = shop_of(orders=[{"at": "2017-08-31", "amount": 1, "currency": "USD"}], costs=costs)
        found = metrics.run(shop, "cost_per_action", window(shop, "2017-08-01", "2017-09-01"), group_by="campaign")
        assert {v.group: round(v.value, 2) for v in found} == {"916": 6.24, "936": 15.81, "1178": 63.83}
        value = one(shop, "cost_per_lead", "2017-08-01", "2017-09-01")
        assert value.denominator == 3264
        assert value.numerator == pytest.approx(58_705.23, abs=0.2)
