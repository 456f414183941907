"""When customers order: at their own pace until they drop out, again when something is used up, and what complaints do to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.synthetic.rows import DAY, running_total

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.synthetic.people import People
    from regulars.synthetic.stories import Company

MAX_ORDERS = 400
"""Orders that a customer can place at their own pace at most; the chance of more is negligible."""

OWN, REFILL, CAMPAIGN = 0, 1, 2
"""Why an order was placed: at the customer's own pace, because something is used up, or because of a campaign (2 is the first campaign, 3 the second ...)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Orders by customer and instant: who (place among the customers), when, why, and whether a complaint follows."""

    who: NDArray[np.int64]
    at: NDArray[np.int64]
    why: NDArray[np.int16]
    complained: NDArray[np.bool_]

    def with_orders(self, who: NDArray[np.int64], at: NDArray[np.int64], why: int) -> Timeline:
        """With further orders, none of which is complained about."""
        all_who, all_at = np.concatenate([self.who, who]), np.concatenate([self.at, at])
        turn = np.lexsort((all_at, all_who))
        all_why = np.concatenate([self.why, np.full(who.size, why, np.int16)])
        complained = np.concatenate([self.complained, np.zeros(who.size, dtype=bool)])
        return Timeline(who=all_who[turn], at=all_at[turn], why=all_why[turn], complained=complained[turn])

    def only(self, kept: NDArray[np.bool_]) -> Timeline:
        """Only the orders that are kept."""
        return Timeline(who=self.who[kept], at=self.at[kept], why=self.why[kept], complained=self.complained[kept])


def own_orders(company: Company, people: People) -> tuple[Timeline, NDArray[np.int64]]:
    """The orders that customers place at their own pace, and the instant at which each drops out for good (after the history: its end)."""
    random = company.random("purchases", people.first)
    planned = np.minimum(random.geometric(people.dropout) + (not company.lost_after_first), MAX_ORDERS)
    who = np.repeat(np.arange(people.number.size), planned)
    begins = np.cumsum(planned) - planned
    # A gap longer than the history is as good as infinite, and sums stay exact.
    gaps = np.minimum(random.exponential(1, who.size) / np.maximum(people.rate[who], 1e-9), 2.0 * company.days) * DAY
    gaps[begins] = 0
    business = people.came_business[who] + running_total(gaps, planned)
    complained = np.zeros(who.size, dtype=bool)
    stays = np.ones(who.size, dtype=bool)
    if company.kind == "shop" and company.shop.complaint_share:
        complained = random.random(who.size) < company.shop.complaint_share
        leaves = complained & (random.random(who.size) < extra_dropout(people.dropout, company.shop.complaint_odds)[who])
        if not company.lost_after_first:
            leaves[begins] = False
        stays = running_total(leaves.astype(np.int64), planned) - leaves == 0
    at = people.calendar(business, who)
    last = np.maximum.reduceat(np.where(stays, at, 0.0), begins)
    left = np.where(np.isfinite(last), company.start + np.where(np.isfinite(last), last, 0.0).astype(np.int64), company.end)
    kept = stays & np.isfinite(at)
    orders = Timeline(
        who=who[kept],
        at=company.start + at[kept].astype(np.int64),
        why=np.zeros(int(kept.sum()), np.int16),
        complained=complained[kept],
    )
    return orders, left


def extra_dropout(dropout: NDArray[np.float64], odds: float) -> NDArray[np.float64]:
    """The chance to drop out after a complaint for who would have stayed, so that the odds of dropping out are `odds` times as high.

    >>> extra_dropout(np.array([0.5]), 4.0).round(2).tolist()  # 0.5 becomes 0.8: 0.5 + 0.5 * 0.6
    [0.6]
    """
    raised = odds * dropout / (1 - dropout + odds * dropout)
    extra: NDArray[np.float64] = np.clip((raised - dropout) / np.maximum(1 - dropout, 1e-12), 0, 1)
    return extra


def refill_habits(company: Company, people: People) -> NDArray[np.int64]:
    """For each customer the place in `refill_days` of what they buy again and again; -1 for those who do not."""
    shop = company.shop
    random = company.random("refills", people.first)
    habit = random.integers(0, max(len(shop.refill_days), 1), people.number.size)
    has = random.random(people.number.size) < (shop.refill_share if company.kind == "shop" and shop.refill_days else 0)
    return np.where(has, habit, -1)


def with_refills(company: Company, people: People, orders: Timeline, left: NDArray[np.int64], habit: NDArray[np.int64]) -> Timeline:
    """The orders with those that are placed because something is used up, from the first order until the customer drops out."""
    random = company.random("refill times", people.first)
    some = np.flatnonzero(habit >= 0)
    if not some.size:
        return orders
    cycle = np.asarray(company.shop.refill_days, dtype=np.float64)[habit[some]] * DAY
    span = np.minimum(left[some], company.end) - people.joined[some]
    count = np.ceil(span / cycle * 1.3).astype(np.int64) + 6
    shape = 1 / max(company.shop.refill_spread, 1e-3) ** 2
    gaps = random.gamma(shape, 1 / shape, int(count.sum())) * np.repeat(cycle, count)
    age = running_total(gaps, count)
    inside = age < np.repeat(span, count)
    who = np.repeat(some, count)[inside]
    return orders.with_orders(who, people.joined[who] + age[inside].astype(np.int64), REFILL)
