"""Accounts: use falls, complaints come and scores sink before an account leaves, as planted; and no sooner where a payment failed."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from regulars.synthetic import Company, Saas, truth
from regulars.synthetic.usage import COMPLAINTS_FROM, TOPICS
from tests.regulars.synthetic.conftest import frames_of


@pytest.fixture(scope="module")
def company():
    return Company(customers=1_200, months=30, seed=71, kind="saas", saas=Saas(involuntary_share=0.3, decline_days=60))


@pytest.fixture(scope="module")
def tables(company):
    return frames_of(company)


@pytest.fixture(scope="module")
def hidden(company):
    accounts = truth(company).customers.to_pandas().set_index("customer_id")
    return accounts.assign(seen=accounts.decides_at < np.datetime64(company.end, "us"))


def days_before_leaving(rows, hidden, *, involuntary):
    """For each row of an account that left, how many days before its decision it lies, and for how long the account had been there then."""
    mine = rows.merge(hidden[(hidden.involuntary == involuntary) & hidden.seen], left_on="account_id", right_index=True)
    mine = mine[mine.decides_at - mine.joined_at > pd.Timedelta(days=180)]
    return (mine.decides_at - mine.occurred_at).dt.total_seconds() / 86_400


class TestUse:
    def test_falls_before_a_decision_to_leave(self, company, tables, hidden):
        before = days_before_leaving(tables["events"], hidden, involuntary=False)
        last, usual = ((before > 0) & (before <= 30)).sum(), ((before > 60) & (before <= 90)).sum()
        # Half of the way is gone at 30 days before, all of it at the decision: three quarters on average.
        assert last / usual == pytest.approx(1 - 0.75 * (1 - company.saas.decline_to), rel=0.12)

    def test_does_not_fall_where_a_payment_failed(self, tables, hidden):
        before = days_before_leaving(tables["events"], hidden, involuntary=True)
        assert ((before > 0) & (before <= 30)).sum() / ((before > 60) & (before <= 90)).sum() == pytest.approx(1, rel=0.15)

    def test_is_on_working_days_in_the_main(self, tables):
        at = tables["events"].occurred_at
        assert (at.dt.day_of_week < 5).mean() > 0.9
        assert at.dt.hour.between(7, 18).mean() > 0.9

    def test_ends_with_the_subscription(self, tables, hidden):
        left = hidden.leaves_at.reindex(tables["events"].account_id).to_numpy()
        assert not (tables["events"].occurred_at.to_numpy() > left).any()


class TestComplaints:
    def test_come_before_a_decision_to_leave(self, company, tables, hidden):
        opened = tables["tickets"].query("step == 'opened'")
        complaints = opened[opened.topic.isin(TOPICS[COMPLAINTS_FROM:])]
        before = days_before_leaving(complaints, hidden, involuntary=False)
        left = hidden[hidden.seen & ~hidden.involuntary & (hidden.decides_at - hidden.joined_at > pd.Timedelta(days=180))].shape[0]
        saas = company.saas
        usual = saas.tickets_per_account_month * saas.complaint_share * 12 / 365.25 * saas.decline_days
        expected = saas.complaints_before_leaving + usual
        counted = ((before >= 0) & (before <= saas.decline_days)).sum() / left
        assert counted == pytest.approx(expected, abs=4 * np.sqrt(expected / left))


class TestScores:
    def test_sink_before_a_decision_to_leave(self, company, tables, hidden):
        answers = tables["responses"]
        own = hidden.reindex(answers.account_id)
        near = own.decides_at.to_numpy() - answers.occurred_at.to_numpy() < np.timedelta64(company.saas.decline_days, "D")
        leaving = near & ~own.involuntary.to_numpy()
        assert leaving.sum() > 20
        # Rounding and clipping at 10 take a little off the happy ones.
        assert answers.score[leaving].mean() - answers.score[~leaving].mean() == pytest.approx(company.saas.score_of_leaving, abs=0.6)


class TestAccounts:
    def test_name_the_people_whose_rows_carry_the_account(self, tables):
        latest = tables["accounts"].sort_values("occurred_at").groupby("account_id").tail(1)
        members = {account: set(json.loads(people)) for account, people in zip(latest.account_id, latest.members, strict=True)}
        people = tables["customers"].groupby("account_id").identity_id.agg(set)
        late = sum(not names <= members[account] for account, names in people.items())
        # The version with everybody comes when onboarding is over; who has come in the last two months is not in it yet.
        assert late / len(people) < 0.2

    def test_have_the_seats_of_their_subscription(self, tables):
        latest = tables["accounts"].sort_values("occurred_at").groupby("account_id").seats.last()
        paid = tables["subscriptions"].query("change != 'cancel'").sort_values("effective_at").groupby("account_id").seats.last()
        assert latest.equals(paid.reindex(latest.index))

    def test_pay_an_invoice_for_each_term(self, company, tables):
        begun = tables["subscriptions"].query("change != 'cancel'")
        assert tables["orders"].shape[0] == begun.shape[0]
        months = company.saas.term_days * 12 / 365.25
        assert tables["orders"].amount_minor.sum() == pytest.approx(begun.mrr_after_minor.sum() * months, rel=1e-5)
