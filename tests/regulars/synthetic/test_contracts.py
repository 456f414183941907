"""Subscriptions: the planted chance to leave is found again, and recurring revenue is a chain."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.predictions import clv
from regulars.synthetic import Company, Saas
from tests.regulars.synthetic.conftest import frames_of, quiet_shop


@pytest.fixture(scope="module", params=["shop", "saas"])
def planted(request):
    """The subscriptions of a company, and the end of its history."""
    if request.param == "shop":
        company = quiet_shop(6_000, shop={"subscriber_share": 0.5}, months=24, seed=61)
    else:
        company = Company(customers=1_500, months=36, saas=Saas(events_per_user_month=0.0), seed=61, kind="saas")
    story = company.shop if request.param == "shop" else company.saas
    return company, story, frames_of(company)["subscriptions"].sort_values(["subscription_id", "effective_at"])


class TestLeaving:
    def test_is_the_planted_shifted_beta_geometric(self, planted):
        company, story, rows = planted
        end = np.datetime64(company.end, "us")
        begun = rows[rows.change != "cancel"].groupby("subscription_id").size()
        ended = rows[(rows.change == "cancel") & (rows.effective_at < end)].groupby("subscription_id").size().reindex(begun.index).notna()
        model = clv.fit_contracts((begun - 1 + ended).to_numpy(), ended.to_numpy())
        wanted = {"alpha": story.churn_alpha, "beta": story.churn_beta}
        for parameter in model.report.parameters:
            assert abs(parameter.value - wanted[parameter.name]) < 3 * parameter.standard_error, parameter

    def test_is_decided_before_it_happens_and_after_the_last_renewal(self, planted):
        _, _, rows = planted
        last = rows[rows.change != "cancel"].groupby("subscription_id").effective_at.max()
        cancelled = rows[rows.change == "cancel"].set_index("subscription_id")
        assert (cancelled.occurred_at <= cancelled.effective_at).all()
        assert (cancelled.occurred_at > last.reindex(cancelled.index)).all()
        assert not cancelled.index.duplicated().any()


class TestRevenue:
    def test_after_a_change_is_that_before_the_next(self, planted):
        _, _, rows = planted
        before = rows.groupby("subscription_id").mrr_after_minor.shift().fillna(0).astype(int)
        assert (before == rows.mrr_before_minor).all()
        assert (rows.mrr_after_minor[rows.change == "cancel"] == 0).all()

    def test_rises_with_an_upgrade_and_falls_with_a_downgrade_only(self, planted):
        _, _, rows = planted
        sign = np.sign(rows.mrr_after_minor - rows.mrr_before_minor)
        wanted = rows.change.map({"start": 1, "renew": 0, "upgrade": 1, "downgrade": -1, "cancel": -1})
        assert (sign == wanted).all()

    def test_runs_to_the_end_of_a_term_that_begins_where_the_last_ended(self, planted):
        _, _, rows = planted
        going = rows[rows.change != "cancel"]
        ended = going.groupby("subscription_id").term_end.shift()
        later = ended.notna()
        assert (ended[later] == going.effective_at[later]).all()
