"""What an account's people do, ask and say: less use, more complaints and worse scores before the account leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from regulars.synthetic.rows import DAY, chosen, joined, named, table
from regulars.synthetic.surveys import NPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.synthetic.accounts import Accounts
    from regulars.synthetic.stories import Company

FEATURES = (
    "Report Viewed",
    "Dashboard Created",
    "Data Exported",
    "Alert Set",
    "Teammate Invited",
    "Comment Added",
    "Integration Connected",
    "Forecast Run",
)
"""Meaningful events; signing in is not one."""
SIGNED_IN = "Signed In"
TOPICS = ("how to", "billing", "access", "bug", "too slow", "missing feature")
COMPLAINTS_FROM = 3
"""The topics from this place on are complaints."""


def usage_level(company: Company, accounts: Accounts, which: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of its usual level at which the accounts `which` use the product at the instants `at`."""
    saas, contracts = company.saas, accounts.contracts
    decline = max(saas.decline_days, 1) * DAY
    way = np.clip((at - (contracts.decided_at[which] - decline)) / decline, 0, 1)
    return np.where(contracts.involuntary[which], 1.0, 1 - way * (1 - saas.decline_to))


def usage(company: Company, accounts: Accounts) -> pa.Table:
    """Events by people at their own pace, thinned out before their account leaves; on working days between 7 and 19 hours."""
    random = company.random("usage", accounts.first)
    people = accounts.account_of.size
    rate = random.gamma(1.5, company.saas.events_per_user_month / 1.5, people) * 12 / 365.25
    breadth = random.integers(1, len(FEATURES) + 1, people)
    favourite = random.integers(0, len(FEATURES), people)
    span = np.maximum(accounts.user_left - accounts.user_joined, 0)
    who = np.repeat(np.arange(people), random.poisson(rate * span / DAY))
    at = accounts.user_joined[who] + (random.random(who.size) * span[who]).astype(np.int64)
    # A working hour of the same day; Saturday and Sunday move to the Friday before. 1 January 1970 was a Thursday.
    day = at // DAY
    day -= np.clip((day + 3) % 7 - 4, 0, None)
    worked = day * DAY + (7 + 12 * random.beta(2, 2, who.size)) * DAY // 24
    at = np.where((worked > accounts.user_joined[who]) & (worked < accounts.user_left[who]), worked, at).astype(np.int64)
    kept = random.random(who.size) < usage_level(company, accounts, accounts.account_of[who], at)
    who, at = who[kept], at[kept]
    feature = (favourite[who] + random.integers(0, 1 << 30, who.size) % breadth[who]) % len(FEATURES)
    name = np.where(random.random(who.size) < 0.3, len(FEATURES), feature)
    return table(
        "events",
        {
            "occurred_at": at,
            "row_key": named(f"e{accounts.first}-", np.arange(who.size)),
            "identity_id": accounts.user_ids.take(who),
            "account_id": accounts.ids.take(accounts.account_of[who]),
            "name": chosen((*FEATURES, SIGNED_IN), name),
        },
    )


def _instants(company: Company, accounts: Accounts, random: np.random.Generator, per_day: float) -> tuple[NDArray[np.int64], ...]:
    """Instants spread evenly over the life of each account: whose they are, and when."""
    life = np.minimum(accounts.contracts.leaves_at, company.end) - accounts.joined
    which = np.repeat(np.arange(accounts.number.size), random.poisson(per_day * life / DAY))
    return which, accounts.joined[which] + (random.random(which.size) * life[which]).astype(np.int64)


def account_tickets(company: Company, accounts: Accounts) -> pa.Table:
    """Support cases: the usual ones, and complaints before an account decides to leave."""
    saas, contracts = company.saas, accounts.contracts
    random = company.random("account tickets", accounts.first)
    which, opened = _instants(company, accounts, random, saas.tickets_per_account_month * 12 / 365.25)
    complains = random.random(which.size) < saas.complaint_share
    warned = np.where(contracts.involuntary, 0, random.poisson(saas.complaints_before_leaving, accounts.number.size))
    upset = np.repeat(np.arange(accounts.number.size), warned)
    upset_at = contracts.decided_at[upset] - (random.random(upset.size) * saas.decline_days * DAY).astype(np.int64)
    inside = (upset_at >= accounts.joined[upset]) & (upset_at < company.end)
    which, opened = np.concatenate([which, upset[inside]]), np.concatenate([opened, upset_at[inside]])
    complains = np.concatenate([complains, np.ones(int(inside.sum()), dtype=bool)])
    topic = np.where(complains, random.integers(COMPLAINTS_FROM, len(TOPICS), which.size), random.integers(0, COMPLAINTS_FROM, which.size))
    replied = opened + (random.exponential(6, which.size) * DAY / 24).astype(np.int64)
    resolved = replied + (random.exponential(np.where(complains, 90, 30)) * DAY / 24).astype(np.int64)
    ids = named(f"t{accounts.first}-", np.arange(which.size))
    first_user = accounts.user_ids.take((np.cumsum(accounts.users_each) - accounts.users_each)[which])
    parts = []
    for step, at in (("opened", opened), ("replied", replied), ("resolved", resolved)):
        seen = np.flatnonzero(at < company.end)
        parts.append(
            table(
                "tickets",
                {
                    "occurred_at": at[seen],
                    "row_key": joined(ids.take(seen), step),
                    "identity_id": first_user.take(seen),
                    "account_id": accounts.ids.take(which[seen]),
                    "ticket_id": ids.take(seen),
                    "step": step,
                    "topic": chosen(TOPICS, topic[seen]),
                    "priority": chosen(("normal", "high"), complains[seen].astype(np.int64)),
                    "channel": "e-mail",
                    "handled_by": "person",
                },
            )
        )
    return pa.concat_tables(parts)


def account_answers(company: Company, accounts: Accounts) -> pa.Table:
    """Answers to the recommendation question by people of the accounts."""
    saas, contracts = company.saas, accounts.contracts
    random = company.random("account surveys", accounts.first)
    which, at = _instants(company, accounts, random, saas.surveys_per_year / 365.25)
    leaving = ~contracts.involuntary[which] & (at > contracts.decided_at[which] - saas.decline_days * DAY)
    score = np.clip(np.rint(saas.score_base + saas.score_of_leaving * leaving + random.normal(0, saas.score_spread, which.size)), 0, 10)
    begins = np.cumsum(accounts.users_each) - accounts.users_each
    place = random.integers(0, 1 << 30, which.size) % accounts.users_each[which]
    user = begins[which] + place
    # Who is not there yet cannot answer; the first person answers then.
    user = np.where(accounts.user_joined[user] < at, user, begins[which])
    ids = named(f"r{accounts.first}-", np.arange(which.size))
    return table(
        "responses",
        {
            **NPS,
            "occurred_at": at,
            "row_key": ids,
            "identity_id": accounts.user_ids.take(user),
            "account_id": accounts.ids.take(which),
            "response_id": ids,
            "survey_id": "relationship",
            "state": "answered",
            "score": score,
            "stage": "relationship",
        },
    )
