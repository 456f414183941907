"""Costs: what a customer of each channel costs is found again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulars.synthetic import Company
from tests.regulars.synthetic.conftest import frames_of


@pytest.fixture(scope="module")
def company():
    return Company(customers=6_000, months=18, seed=31, kind="shop")


@pytest.fixture(scope="module")
def tables(company):
    return frames_of(company)


class TestSpend:
    def test_per_customer_of_a_channel_is_the_planted_one(self, company, tables):
        spent = tables["costs"].query("purpose == 'acquisition'").groupby("channel").amount_minor.sum()
        came = tables["customers"].acquisition_channel.value_counts()
        for channel in company.shop.channels:
            if channel.cost_per_customer_minor:
                assert spent[channel.name] / came[channel.name] == pytest.approx(channel.cost_per_customer_minor, rel=0.08)
        assert "direct" not in spent.index

    def test_follows_the_busy_months(self, tables):
        search = tables["costs"].query("channel == 'search'")
        by_month = search.groupby(search.occurred_at.dt.month).amount_minor.mean()
        assert by_month[12] > 1.3 * by_month[2]

    def test_covers_the_history_without_gap_or_overlap(self, company, tables):
        wages = tables["costs"].query("kind == 'wages'").sort_values("starts_on")
        assert wages.starts_on.iloc[0] == company.first_day
        assert wages.ends_on.iloc[-1] == company.first_day + timedelta(days=company.days)
        assert (wages.starts_on.iloc[1:].to_numpy() == wages.ends_on.iloc[:-1].to_numpy()).all()
        assert (wages.purpose == "retention").all()
