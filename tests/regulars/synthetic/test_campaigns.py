"""Campaigns: assigned by chance, and doing what is planted."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.synthetic import truth
from regulars.synthetic.rows import DAY
from tests.regulars.synthetic.conftest import frames_of, quiet_shop


@pytest.fixture(scope="module")
def shop():
    planted = {"campaign_share": 0.9, "persuaded": 0.3, "put_off": 0.5}
    return quiet_shop(12_000, shop=planted, months=12, seed=11, rate_shape=1.0, rate_scale_days=60.0)


@pytest.fixture(scope="module")
def tables(shop):
    return frames_of(shop)


@pytest.fixture(scope="module")
def seen(tables):
    """Each assignment with whether an order followed within 30 days, and whether one came in the 30 days before."""
    orders = tables["orders"][["identity_id", "occurred_at"]].rename(columns={"occurred_at": "ordered_at"})
    pairs = tables["assignments"].reset_index(names="assignment").merge(orders, on="identity_id", how="left")
    days = (pairs.ordered_at - pairs.occurred_at).dt.total_seconds() / 86_400
    pairs = pairs.assign(ordered=(days >= 0) & (days < 30), lately=(days < 0) & (days >= -30))
    return pairs.groupby(["assignment", "experiment", "arm"], as_index=False)[["ordered", "lately"]].any()


class TestAssignment:
    def test_is_by_chance(self, shop, seen):
        held = seen.arm == "holdout"
        assert held.mean() == pytest.approx(shop.shop.holdout_share, abs=4 * np.sqrt(0.25 * 0.75 / seen.shape[0]))
        before = [seen.lately[held].mean(), seen.lately[~held].mean()]
        assert before[0] == pytest.approx(before[1], abs=0.02)

    def test_is_once_for_each_campaign_and_customer(self, tables):
        assert not tables["assignments"].duplicated(["experiment", "identity_id"]).any()


class TestEffect:
    def test_by_intention_to_treat_is_the_planted_one(self, shop, seen):
        planted = truth(shop).campaigns
        assert len(planted) == 3
        for one in planted:
            mine = seen[seen.experiment == one["campaign"]]
            groups = [mine.ordered[mine.arm == arm] for arm in ("treatment", "holdout")]
            error = np.sqrt(sum(group.var() / group.size for group in groups))
            assert groups[0].mean() - groups[1].mean() == pytest.approx(one["effect"], abs=3 * error)
            assert one["effect"] > 3 * error
            assert groups[1].mean() == pytest.approx(one["would_order_share"], abs=3 * np.sqrt(groups[1].var() / groups[1].size))
            assert mine.shape[0] == one["assigned"]

    def test_is_against_who_ordered_lately_and_for_the_others(self, seen):
        lifts = {}
        for lately, group in seen.groupby("lately"):
            share = group.groupby("arm").ordered.mean()
            lifts[lately] = share["treatment"] - share["holdout"]
        assert lifts[True] < -0.05
        assert lifts[False] > 0.05

    def test_is_none_where_none_is_planted(self):
        nothing = quiet_shop(500, shop={"campaign_share": 1.0, "persuaded": 0.0, "put_off": 0.0}, months=12)
        assert {one["effect"] for one in truth(nothing).campaigns} == {0.0}
        without = quiet_shop(500, shop={"campaign_share": 0.0}, months=12)
        assert frames_of(nothing)["orders"].occurred_at.equals(frames_of(without)["orders"].occurred_at)

    def test_orders_because_of_a_campaign_carry_its_name(self, tables):
        named = tables["orders"].dropna(subset="campaign")
        assert named.shape[0] > 300
        treated = tables["assignments"].query("arm == 'treatment'")
        assert set(zip(named.campaign, named.identity_id, strict=True)) <= set(zip(treated.experiment, treated.identity_id, strict=True))


class TestMessages:
    def test_go_to_the_treated_only(self, tables):
        treated = tables["assignments"].query("arm == 'treatment'")
        sent = tables["messages"].query("step == 'sent'")
        assert set(zip(sent.campaign, sent.identity_id, strict=True)) == set(zip(treated.experiment, treated.identity_id, strict=True))

    def test_take_their_steps_in_turn(self, tables):
        at = tables["messages"].pivot_table(index="message_id", columns="step", values="occurred_at", aggfunc="first")
        for earlier, later in (("sent", "delivered"), ("delivered", "opened"), ("opened", "clicked"), ("delivered", "unsubscribed")):
            both = at[at[later].notna()]
            assert both[earlier].notna().all()
            assert (both[later] > both[earlier]).all()
        assert not (at.delivered.notna() & at.bounced.notna()).any()

    def test_end_for_who_unsubscribed(self, tables):
        gone = tables["messages"].query("step == 'unsubscribed'").groupby("identity_id").occurred_at.min()
        assert gone.size > 20
        sent = tables["messages"].query("step == 'sent'")
        later = sent[sent.occurred_at > gone.reindex(sent.identity_id).to_numpy()]
        assert later.empty


class TestDates:
    def test_leave_a_whole_window_before_the_end(self, shop, tables):
        assert tables["assignments"].occurred_at.max() <= np.datetime64(shop.end - 30 * DAY, "us")
