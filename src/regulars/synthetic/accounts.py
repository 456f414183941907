"""Companies as customers: their seats, plans, success managers and people, and the subscription of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from regulars.synthetic.contracts import Contracts, Terms
from regulars.synthetic.people import COUNTRIES
from regulars.synthetic.rows import DAY, chosen, joined, named, ordinals, table

if TYPE_CHECKING:
    from regulars.synthetic.stories import Company

PLANS = ("starter", "team", "business")
PRICES = (1_500, 2_500, 4_000)
"""Minor units a seat and month."""
INDUSTRIES = ("retail", "software", "health", "finance", "education")
OWNERS = tuple(f"manager-{number}" for number in range(1, 9))
CHANNELS = ("search", "event", "partner", "referral")
ONBOARDING_DAYS = 60
"""An account's people come within so many days."""
USERS = 10_000
"""Numbers set aside for the people of an account."""


class Accounts:
    """The accounts `first` to `first + count`, their contracts and their people (`account_of`: place of a person's account)."""

    def __init__(self, company: Company, first: int, count: int) -> None:
        saas = company.saas
        random = company.random("accounts", first)
        self.company, self.first = company, first
        self.number = np.arange(first, first + count)
        self.ids = named("a", self.number)
        self.joined = company.start + (random.random(count) * company.days * DAY).astype(np.int64)
        self.seats = 1 + random.negative_binomial(1.2, 1.2 / (1.2 + max(saas.mean_seats - 1, 1e-9)), count)
        self.plan = np.digitize(self.seats * np.exp(random.normal(0, 0.3, count)), (4, 12))
        self.owner, self.industry, self.country, self.channel = (
            random.integers(0, len(names), count) for names in (OWNERS, INDUSTRIES, COUNTRIES, CHANNELS)
        )
        terms = Terms(
            days=saas.term_days,
            alpha=saas.churn_alpha,
            beta=saas.churn_beta,
            notice_days=saas.notice_days,
            involuntary_share=saas.involuntary_share,
            upgrade_chance=saas.upgrade_chance,
            downgrade_chance=saas.downgrade_chance,
        )
        price = np.array(PRICES)[self.plan]
        self.contracts = Contracts(company, company.random("contracts", first), terms, self.joined, self.seats, price)
        self._draw_users(random)

    def _draw_users(self, random: np.random.Generator) -> None:
        self.users_each = 1 + random.binomial(np.minimum(self.seats, USERS) - 1, self.company.saas.seats_used)
        self.account_of = np.repeat(np.arange(self.number.size), self.users_each)
        place = ordinals(self.users_each)
        self.user_ids = named("u", self.number[self.account_of] * USERS + place)
        wait = np.where(place == 0, 0, random.integers(0, ONBOARDING_DAYS * DAY, place.size))
        self.user_joined = self.joined[self.account_of] + wait
        self.user_left = np.minimum(self.contracts.leaves_at, self.company.end)[self.account_of]
        """The instant after which nobody of the account uses anything."""

    def user_rows(self) -> pa.Table:
        """Rows of `customers`: each person, with the account's country and channel."""
        some = np.flatnonzero(self.user_joined < self.user_left)
        account = self.account_of[some]
        return table(
            "customers",
            {
                "occurred_at": self.user_joined[some],
                "row_key": self.user_ids.take(some),
                "identity_id": self.user_ids.take(some),
                "account_id": self.ids.take(account),
                "country": chosen(COUNTRIES, self.country[account]),
                "acquisition_channel": chosen(CHANNELS, self.channel[account]),
            },
        )

    def rows(self) -> pa.Table:
        """Rows of `accounts`: at the start with the first member, with all members after onboarding, and wherever the seats change."""
        ends = np.cumsum(self.users_each)
        names = self.user_ids.to_pylist()
        members = [json.dumps(names[end - size : end]) for end, size in zip(ends, self.users_each, strict=True)]
        first = pa.array([json.dumps([names[end - size]]) for end, size in zip(ends, self.users_each, strict=True)], pa.string())
        everybody = pa.array(members, pa.string())
        all_places = np.arange(self.number.size)
        settled = self.joined + (ONBOARDING_DAYS + 1) * DAY
        there = np.flatnonzero((settled < self.company.end) & (settled < self.contracts.leaves_at))
        changed = np.flatnonzero((self.contracts.term > 0) & (self.contracts.change > 0))
        which = self.contracts.which[changed]
        version = joined("v", named("", self.contracts.term[changed]), by="")
        return pa.concat_tables(
            [
                self._version(all_places, self.joined, self.seats, first, pa.repeat(pa.scalar("new"), all_places.size)),
                self._version(there, settled[there], self.seats[there], everybody, pa.repeat(pa.scalar("settled"), there.size)),
                self._version(which, self.contracts.begins_at[changed], self.contracts.seats[changed], everybody, version),
            ]
        )

    def _version(self, which: np.ndarray, at: np.ndarray, seats: np.ndarray, members: pa.Array, version: pa.Array) -> pa.Table:
        ids = self.ids.take(which)
        return table(
            "accounts",
            {
                "occurred_at": at,
                "row_key": joined(ids, version),
                "account_id": ids,
                "name": named("Company ", self.number[which]),
                "country": chosen(COUNTRIES, self.country[which]),
                "industry": chosen(INDUSTRIES, self.industry[which]),
                "plan": chosen(PLANS, self.plan[which]),
                "seats": seats,
                "owner": chosen(OWNERS, self.owner[which]),
                "acquisition_channel": chosen(CHANNELS, self.channel[which]),
                "members": members.take(which),
            },
        )

    def subscription_rows(self) -> pa.Table:
        """Rows of `subscriptions`: one subscription for each account, in the name of its first person."""
        first_user = self.user_ids.take(np.cumsum(self.users_each) - self.users_each)
        return self.contracts.rows(joined("s", self.ids, by="-"), first_user, self.ids, chosen(PLANS, self.plan))

    def invoice_rows(self) -> pa.Table:
        """Rows of `orders`: what each term costs, paid at its beginning."""
        contracts = self.contracts
        which = contracts.which
        ids = joined("i", self.ids.take(which), named("", contracts.term), by="-")
        months = self.company.saas.term_days * 12 / 365.25
        first_user = self.user_ids.take(np.cumsum(self.users_each) - self.users_each)
        return table(
            "orders",
            {
                "occurred_at": contracts.begins_at,
                "row_key": ids,
                "identity_id": first_user.take(which),
                "account_id": self.ids.take(which),
                "order_id": ids,
                "kind": "purchase",
                "linked": True,
                "amount_minor": np.rint(contracts.mrr(contracts.seats, which) * months).astype(np.int64),
                "currency": self.company.currency,
                "channel": "subscription",
            },
        )
