"""Points: a ledger that is never overdrawn and in which each earned point is spent, expired or alive."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.synthetic.rows import DAY
from tests.regulars.synthetic.conftest import frames_of, quiet_shop


@pytest.fixture(scope="module")
def shop():
    return quiet_shop(2_500, shop={"member_share": 0.5, "redeem_chance": 0.1, "points_live_days": 120}, months=24, seed=41)


@pytest.fixture(scope="module")
def ledger(shop):
    points = frames_of(shop)["points"]
    # An order earns after it redeems, within the same instant.
    turn = points.entry.map({"redeem": 0, "expire": 1, "earn": 2})
    return points.assign(turn=turn).sort_values(["identity_id", "occurred_at", "turn"])


class TestLedger:
    def test_is_never_overdrawn(self, ledger):
        assert ledger.groupby("identity_id").points.cumsum().min() >= 0

    def test_has_each_entry_with_its_sign(self, ledger):
        assert set(ledger.entry) == {"earn", "redeem", "expire"}
        assert ((ledger.points > 0) == (ledger.entry == "earn")).all()

    def test_owes_what_was_earned_lately_and_not_redeemed_since(self, shop, ledger):
        balance = ledger.groupby("identity_id").points.sum()
        alive = ledger[(ledger.entry == "earn") & (ledger.expires_at >= np.datetime64(shop.end, "us"))]
        redeemed = ledger[ledger.entry == "redeem"].groupby("identity_id").occurred_at.max()
        since = redeemed.reindex(alive.identity_id).to_numpy()
        owed = alive[np.isnat(since) | (alive.occurred_at.to_numpy() >= since)].groupby("identity_id").points.sum()
        assert owed.reindex(balance.index).fillna(0).astype(int).equals(balance)

    def test_expires_after_the_planted_days(self, shop, ledger):
        expired = ledger.query("entry == 'expire'").set_index("order_id").occurred_at
        earned = ledger.query("entry == 'earn'").set_index("order_id").occurred_at.reindex(expired.index)
        assert ((expired - earned) == np.timedelta64(shop.shop.points_live_days * DAY, "us")).all()

    def test_gives_a_point_for_each_unit_of_money(self, shop, ledger):
        orders = frames_of(shop)["orders"].set_index("order_id").amount_minor
        earned = ledger.query("entry == 'earn'").set_index("order_id").points
        assert (earned == (orders.reindex(earned.index) // 100).clip(lower=1)).all()
