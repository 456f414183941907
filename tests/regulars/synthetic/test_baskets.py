"""Baskets: planted pairs, costs of goods and channels' values are found again."""

from __future__ import annotations

import pytest

from regulars.synthetic import Company, Shop, truth
from tests.regulars.synthetic.conftest import frames_of, quiet_shop


class TestPairs:
    def test_are_bought_with_the_planted_chance(self):
        company = quiet_shop(8_000, shop={"affinity_pairs": 3, "affinity_chance": 0.4}, months=12, seed=22)
        lines = frames_of(company)["order_lines"]
        orders = lines.groupby("order_id").product_id.agg(set)
        for lead, along in (("p1", "p151"), ("p2", "p152"), ("p3", "p153")):
            with_lead = orders[[lead in products for products in orders]]
            assert with_lead.map(lambda products, along=along: along in products).mean() == pytest.approx(0.4, abs=0.06)


class TestLines:
    def test_add_up_to_their_order(self):
        tables = frames_of(Company(customers=1_500, months=12, kind="shop"))
        lines = tables["order_lines"].groupby(["order_id", "kind"]).amount_minor.sum()
        orders = tables["orders"].set_index(["order_id", "kind"]).amount_minor
        assert lines.reindex(orders.index).equals(orders)
        assert (tables["order_lines"].query("kind == 'purchase'").amount_minor > 0).all()

    def test_cost_what_their_product_costs(self):
        company = Company(customers=1_500, months=12, kind="shop")
        lines = frames_of(company)["order_lines"].query("kind == 'purchase'")
        share = truth(company).products.to_pandas().set_index("product_id").cost_share
        cost = lines.unit_cost_minor * lines.quantity
        assert (cost / lines.amount_minor).to_numpy() == pytest.approx(share.reindex(lines.product_id).to_numpy())
        assert share.min() >= 0.35
        assert share.max() < 0.75


class TestChannels:
    def test_differ_in_pace_and_value_as_planted(self):
        company = quiet_shop(12_000, shop={}, months=24, seed=23)
        hidden = truth(company).customers.to_pandas().set_index("customer_id")
        channel = frames_of(company)["customers"].set_index("identity_id").acquisition_channel
        rate = hidden.rate_per_day.groupby(channel).mean()
        value = hidden.mean_value_minor.groupby(channel).mean()
        for one in Shop().channels:
            assert (channel == one.name).mean() == pytest.approx(one.share, abs=0.015)
            assert rate[one.name] == pytest.approx(0.55 / 75 * one.rate_factor, rel=0.15)
            assert value[one.name] == pytest.approx(4_500 * one.value_factor, rel=0.1)
