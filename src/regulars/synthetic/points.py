"""The loyalty ledger: members earn on orders, redeem all they have now and then, and lose what is older than its life."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from regulars.synthetic.rows import DAY, joined, table

if TYPE_CHECKING:
    from regulars.synthetic.baskets import Orders
    from regulars.synthetic.stories import Company


def points(company: Company, orders: Orders) -> pa.Table:
    """A point for each unit of money; redeemed with the next order that redeems, else expired after `points_live_days`."""
    shop = company.shop
    random = company.random("points", orders.people.first)
    member = random.random(orders.people.number.size) < shop.member_share
    redeems = random.random(orders.who.size) < shop.redeem_chance
    mine = np.flatnonzero(member[orders.who])
    earned = np.maximum(orders.amount[mine] // 100, 1)
    # The next later order of the same customer that redeems, as a place among all orders.
    last = np.iinfo(np.int64).max
    redeeming = np.where(redeems[mine], np.arange(mine.size), last)
    following = np.concatenate([np.minimum.accumulate(redeeming[::-1])[::-1][1:], [last]])[: mine.size]
    has_next = following < last
    following = np.where(has_next, following, 0)
    expires_at = orders.at[mine] + shop.points_live_days * DAY
    same = has_next & (orders.who[mine][following] == orders.who[mine])
    redeemed = same & (orders.at[mine][following] < expires_at)
    spent = np.bincount(following[redeemed], earned[redeemed], mine.size).astype(np.int64)
    spends = np.flatnonzero(spent)
    expires = np.flatnonzero(~redeemed & (expires_at < company.end))
    ids, people = orders.ids.take(mine), orders.people.ids.take(orders.who[mine])
    parts = (
        ("earn", np.arange(mine.size), orders.at[mine], earned, "order"),
        ("redeem", spends, orders.at[mine][spends], -spent[spends], "discount"),
        ("expire", expires, expires_at[expires], -earned[expires], None),
    )
    return pa.concat_tables(
        table(
            "points",
            {
                "occurred_at": at,
                "row_key": joined(ids.take(places), entry),
                "identity_id": people.take(places),
                "entry": entry,
                "points": value,
                "reason": reason,
                "order_id": ids.take(places),
                "expires_at": expires_at[places] if entry == "earn" else pa.nulls(places.size, pa.timestamp("us")),
            },
        )
        for entry, places, at, value, reason in parts
    )
