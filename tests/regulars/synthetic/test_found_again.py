"""What is planted in a shop is found again by the product itself: analyses, metrics and experiments on the stored rows."""

from __future__ import annotations

import pytest

import regulars
from regulars.experiments.declare import declared
from regulars.experiments.reading import read
from regulars.metrics.estimates import Undefined
from regulars.synthetic import fill, truth
from tests.regulars.synthetic.conftest import frames_of, quiet_shop

pytestmark = pytest.mark.suite

PLANTED = {
    "affinity_pairs": 5,
    "affinity_chance": 0.5,
    "refill_share": 0.3,
    "campaign_share": 0.9,
    "persuaded": 0.3,
    "put_off": 0.4,
    "subscriber_share": 0.3,
}


@pytest.fixture(scope="module")
def company():
    return quiet_shop(3_000, shop=PLANTED, months=24, seed=81, dropout_b=4.0)


@pytest.fixture(scope="module")
def shop(company, tmp_path_factory):
    workspace = regulars.open(tmp_path_factory.mktemp("found") / "shop")
    fill(workspace, company)
    return workspace


@pytest.fixture(scope="module")
def products(company):
    return truth(company).products.to_pandas()


class TestAffinity:
    def test_lifts_exactly_the_planted_pairs(self, shop, products):
        planted = products.dropna(subset="bought_along")
        assert planted.shape[0] == 5
        found = shop.analyse("affinity", min_orders=20).tables["pairs"].to_pandas()
        strong = found[found.lift > 5]
        together = {frozenset(pair) for pair in zip(strong.product_a, strong.product_b, strict=True)}
        assert together == {frozenset(pair) for pair in zip(planted.product_id, planted.bought_along, strict=True)}


class TestReplenishment:
    def test_finds_the_gap_of_each_consumable(self, shop, products):
        planted = products.dropna(subset="used_up_after_days").set_index("product_id").used_up_after_days
        found = shop.analyse("replenishment").tables["products"].to_pandas().set_index("product_id")
        for product_id, days in planted.items():
            assert found.loc[product_id, "median_days"] == pytest.approx(days, rel=0.06)


class TestExperiments:
    def test_read_the_planted_effect_of_each_campaign(self, company, shop):
        covered = []
        with shop.session() as session:
            for planted in truth(company).campaigns:
                result = read(session, declared(shop, planted["campaign"]))
                assert not result.sample_ratio.mismatch
                lift = result.lift("conversion")
                assert not isinstance(lift.unadjusted, Undefined)
                covered.append(lift.unadjusted.low <= planted["effect"] <= lift.unadjusted.high)
                assert lift.unadjusted.value == pytest.approx(planted["effect"], abs=3.5 * lift.unadjusted.standard_error)
        assert len(covered) == 7
        assert sum(covered) >= 6


class TestChannels:
    def test_cost_what_is_planted(self, company, shop):
        (paid,) = shop.metric("cac_paid", start="2023-07-01", end="2024-12-01")
        channels = [channel for channel in company.shop.channels if channel.paid]
        mean = sum(channel.share * channel.cost_per_customer_minor for channel in channels) / sum(channel.share for channel in channels)
        assert paid.value == pytest.approx(mean / 100, rel=0.1)


class TestRecurringRevenue:
    def test_is_that_of_the_boxes_that_run(self, company, shop):
        rows = frames_of(company)["subscriptions"]
        with shop.session() as session:
            as_of = session.as_of.replace(tzinfo=None)
        ended = rows[(rows.change == "cancel") & (rows.effective_at < as_of)].subscription_id
        begun = rows[(rows.change == "start") & (rows.effective_at < as_of)].subscription_id
        (mrr,) = shop.metric("mrr")
        assert mrr.value == pytest.approx((begun.size - ended.size) * company.shop.subscription_price_minor / 100)
