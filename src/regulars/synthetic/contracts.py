"""Subscriptions: renewed at the end of each term or left for good, by the shifted-beta-geometric story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from regulars.synthetic.rows import DAY, chosen, joined, named, ordinals, running_total, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.synthetic.stories import Company

MAX_TERMS = 10_000
CHANGES = ("renew", "upgrade", "downgrade")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How subscriptions are sold: term, own chance to leave at its end Beta(alpha, beta), and what changes at renewals."""

    days: int
    alpha: float
    beta: float
    notice_days: int
    involuntary_share: float
    upgrade_chance: float = 0.0
    downgrade_chance: float = 0.0


class Contracts:
    """Subscriptions that begin at `starts_at`, with seats at a price each; the chance to leave is each one's own.

    `leaves_at` is when a subscription ends for good and `decided_at` when that is decided, both also where it lies after the history.
    """

    def __init__(
        self,
        company: Company,
        random: np.random.Generator,
        terms: Terms,
        starts_at: NDArray[np.int64],
        seats: NDArray[np.int64],
        price_minor: NDArray[np.int64],
    ) -> None:
        self.company, self.terms, self.starts_at, self.price_minor = company, terms, starts_at, price_minor
        size = starts_at.size
        self.chance = np.clip(random.beta(terms.alpha, terms.beta, size), 1e-6, 1.0)
        self.terms_kept = np.minimum(random.geometric(self.chance), MAX_TERMS)
        """Terms until it ends, the first included."""
        self.leaves_at = starts_at + self.terms_kept * terms.days * DAY
        self.involuntary = random.random(size) < terms.involuntary_share
        notice = random.integers(DAY, max(terms.notice_days, 2) * DAY, size)
        self.decided_at = np.where(self.involuntary, self.leaves_at, self.leaves_at - np.minimum(notice, terms.days * DAY // 2))
        left = np.ceil((company.end - starts_at) / (terms.days * DAY)).astype(np.int64)
        self._count = np.clip(np.minimum(self.terms_kept, left), 0, None)
        self.which = np.repeat(np.arange(size), self._count)
        self.term = ordinals(self._count)
        self.begins_at = starts_at[self.which] + self.term * terms.days * DAY
        self._draw_changes(random, seats)

    def _draw_changes(self, random: np.random.Generator, seats: NDArray[np.int64]) -> None:
        """Seats in each term, what a renewal changed, and the monthly recurring revenue before and after."""
        draw = random.random(self.which.size)
        up = (draw < self.terms.upgrade_chance) & (self.term > 0)
        down = (draw > 1 - self.terms.downgrade_chance) & (self.term > 0)
        steps = np.where(up, np.log(1.35), np.where(down, np.log(0.7), 0.0))
        self.seats = np.maximum(np.rint(seats[self.which] * np.exp(running_total(steps, self._count))), 1).astype(np.int64)
        before = np.concatenate([[0], self.seats[:-1]])
        before[self.term == 0] = 0
        self.seats_before = before
        self.change = np.where(self.seats > before, 1, np.where(self.seats < before, 2, 0))

    def mrr(self, seats: NDArray[np.int64], which: NDArray[np.int64]) -> NDArray[np.int64]:
        """Minor units a month of 365.25 / 12 days."""
        return seats * self.price_minor[which]

    def rows(self, ids: pa.Array, identity: pa.Array, account: pa.Array | None, plan: pa.Array | None) -> pa.Table:
        """Starts, renewals with what they change, and cancellations, each at the instant at which it is decided."""
        change = chosen(("start", *CHANGES), np.where(self.term == 0, 0, self.change + 1))
        going = self._rows(
            ids,
            identity,
            account,
            plan,
            which=self.which,
            occurred_at=self.begins_at,
            effective_at=self.begins_at,
            key=named("", self.term),
            change=change,
            term_end=self.begins_at + self.terms.days * DAY,
            mrr_before_minor=self.mrr(self.seats_before, self.which),
            mrr_after_minor=self.mrr(self.seats, self.which),
            seats=self.seats,
        )
        ends = np.flatnonzero((self.decided_at < self.company.end) & (self._count == self.terms_kept))
        last = np.cumsum(self._count)[ends] - 1
        cancelled = self._rows(
            ids,
            identity,
            account,
            plan,
            which=ends,
            occurred_at=self.decided_at[ends],
            effective_at=self.leaves_at[ends],
            key=pa.repeat(pa.scalar("cancel"), ends.size),
            change="cancel",
            term_end=pa.nulls(ends.size, pa.timestamp("us")),
            mrr_before_minor=self.mrr(self.seats[last], ends),
            mrr_after_minor=np.zeros(ends.size, np.int64),
            seats=np.zeros(ends.size, np.int64),
            involuntary=self.involuntary[ends],
            reason=chosen(("not needed any more", "payment failed"), self.involuntary[ends].astype(np.int64)),
        )
        return pa.concat_tables([going, cancelled])

    def _rows(self, ids: pa.Array, identity: pa.Array, account: pa.Array | None, plan: pa.Array | None, **given: Any) -> pa.Table:
        which, key = given.pop("which"), given.pop("key")
        subscription = ids.take(which)
        owner = {"account_id": account.take(which)} if account is not None else {}
        return table(
            "subscriptions",
            {
                **given,
                **owner,
                "row_key": joined(subscription, key),
                "identity_id": identity.take(which),
                "subscription_id": subscription,
                "plan": plan.take(which) if plan is not None else "box",
                "currency": self.company.currency,
            },
        )


def boxes(company: Company, people: Any) -> tuple[Contracts, NDArray[np.int64], pa.Table]:
    """The subscriptions of a shop's customers, begun within 60 days of the first order: the contracts, whose they are, and the rows."""
    shop = company.shop
    random = company.random("boxes", people.first)
    some = np.flatnonzero(random.random(people.number.size) < shop.subscriber_share)
    starts_at = people.joined[some] + random.integers(DAY, 60 * DAY, some.size)
    some, starts_at = some[starts_at < company.end], starts_at[starts_at < company.end]
    terms = Terms(
        days=shop.term_days, alpha=shop.churn_alpha, beta=shop.churn_beta, notice_days=max(2, shop.term_days // 3), involuntary_share=0.2
    )
    price = np.full(some.size, shop.subscription_price_minor)
    contracts = Contracts(company, random, terms, starts_at, np.ones(some.size, np.int64), price)
    ids = people.ids.take(some)
    return contracts, some, contracts.rows(joined("s", ids, by="-"), ids, None, None)
