"""What campaigns do: who is assigned by chance, who gets messages, who orders because of it and who is put off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from regulars.synthetic.purchases import CAMPAIGN, Timeline
from regulars.synthetic.rows import DAY, chosen, joined, named, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.synthetic.people import People
    from regulars.synthetic.stories import Company
    from regulars.workspace import Workspace

WINDOW_DAYS = 30
"""A campaign works for so many days."""
SENT_AFTER = 9 * DAY // 24
"""Customers are assigned at midnight, and messages are sent at 9."""
DELIVERED, OPENED, CLICKED, UNSUBSCRIBED = 0.98, 0.35, 0.2, 0.006
"""Shares: of the sent, of the delivered (for the mean customer), of the opened, of the delivered."""
NEVER = np.iinfo(np.int64).max
MILLISECONDS = 1 << 45
"""More than the milliseconds of a thousand years, so that customer and instant fit into one number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign: who was assigned (places among the customers), who of them is treated, and what is true of them."""

    name: str
    starts_at: int
    who: NDArray[np.int64]
    treated: NDArray[np.bool_]
    would_order: NDArray[np.bool_]
    """Whether each would order in the window if he were left alone."""
    effect: NDArray[np.float64]
    """The change that treatment makes in the chance to order in the window."""
    persuaded: NDArray[np.bool_]
    """Who did order because of it."""

    @property
    def ends_at(self) -> int:
        return self.starts_at + WINDOW_DAYS * DAY


def campaign_dates(company: Company) -> list[int]:
    """The midnights at which customers are assigned, evenly apart; the last at least a window before the end."""
    every = company.shop.campaign_every_days
    if company.kind != "shop" or not every or not company.shop.campaign_share:
        return []
    return [company.start + day * DAY for day in range(every, company.days - WINDOW_DAYS + 1, every)]


def campaign_names(company: Company) -> tuple[str, ...]:
    """Their names in turn."""
    return tuple(f"campaign-{number:02d}" for number in range(1, len(campaign_dates(company)) + 1))


def declare_campaigns(workspace: Workspace, company: Company) -> None:
    """Declare each campaign as the experiment that it is, at the instant at which it began, so that `regulars experiment read` knows it."""
    from regulars.experiments.declare import Experiment, declare

    treated = round(1 - company.shop.holdout_share, 12)
    if not 0 < treated < 1:
        return
    for name, starts_at in zip(campaign_names(company), campaign_dates(company), strict=True):
        experiment = Experiment(
            name=name,
            arms={"treatment": treated, "holdout": round(1 - treated, 12)},
            control="holdout",
            days=WINDOW_DAYS,
            campaigns=(name,),
            pool="campaigns",
            salt=f"synthetic-{company.seed}",
        )
        declare(workspace, experiment, now=datetime.fromtimestamp(starts_at / 1_000_000, UTC))


def run_campaigns(company: Company, people: People, timeline: Timeline) -> tuple[Timeline, list[Campaign], pa.Table, pa.Table]:
    """The orders as campaigns change them, the campaigns, and the rows of `assignments` and `messages`."""
    random = company.random("campaigns", people.first)
    unsubscribed_at = np.full(people.number.size, NEVER, np.int64)
    opens = np.clip(random.gamma(2, OPENED / 2, people.number.size), 0, 0.95)
    campaigns, assignments, messages = [], [table("assignments", _NOBODY)], [table("messages", _NOBODY)]
    for number, (name, starts_at) in enumerate(zip(campaign_names(company), campaign_dates(company), strict=True)):
        campaign, timeline = _run(company, people, timeline, random, name=name, starts_at=starts_at, number=number, gone=unsubscribed_at)
        campaigns.append(campaign)
        assignments.append(_assignments(people, campaign))
        steps, leaves_at = _messages(company, people, campaign, random, opens[campaign.who], number)
        unsubscribed_at[campaign.who] = np.minimum(unsubscribed_at[campaign.who], leaves_at)
        messages += steps
    return timeline, campaigns, pa.concat_tables(assignments), pa.concat_tables(messages)


_NOBODY = {"occurred_at": np.zeros(0, np.int64), "row_key": pa.array([], pa.string())}


def orders_between(timeline: Timeline, who: NDArray[np.int64], start: int, end: int) -> NDArray[np.int64]:
    """How many orders each of the customers `who` places in [start, end)."""
    key = timeline.who * MILLISECONDS + timeline.at // 1_000
    begins, ends = (np.searchsorted(key, who * MILLISECONDS + instant // 1_000) for instant in (start, end))
    counts: NDArray[np.int64] = ends - begins
    return counts


def _run(
    company: Company,
    people: People,
    timeline: Timeline,
    random: np.random.Generator,
    *,
    name: str,
    starts_at: int,
    number: int,
    gone: NDArray[np.int64],
) -> tuple[Campaign, Timeline]:
    shop = company.shop
    reachable = (people.joined < starts_at) & (gone > starts_at)
    who = np.flatnonzero(reachable & (random.random(people.number.size) < shop.campaign_share))
    treated = random.random(who.size) >= shop.holdout_share
    ends_at = starts_at + WINDOW_DAYS * DAY
    would_order = orders_between(timeline, who, starts_at, ends_at) > 0
    lately = orders_between(timeline, who, starts_at - 30 * DAY, starts_at) > 0
    before = orders_between(timeline, who, starts_at - 180 * DAY, starts_at) > 0
    # Who orders before the message comes cannot be put off by it.
    in_time = orders_between(timeline, who, starts_at, starts_at + SENT_AFTER) == 0
    effect = np.where(before & ~lately & ~would_order, shop.persuaded, 0.0) - np.where(lately & would_order & in_time, shop.put_off, 0.0)
    acts = treated & (random.random(who.size) < np.abs(effect))
    persuaded = acts & (effect > 0)
    put_off = np.zeros(people.number.size, dtype=bool)
    put_off[who[acts & (effect < 0)]] = True
    inside = (timeline.at >= starts_at) & (timeline.at < ends_at)
    timeline = timeline.only(~(inside & put_off[timeline.who]))
    buyers = who[persuaded]
    at = starts_at + random.integers(DAY // 2, WINDOW_DAYS * DAY, buyers.size)
    timeline = timeline.with_orders(buyers, at, CAMPAIGN + number)
    campaign = Campaign(
        name=name, starts_at=starts_at, who=who, treated=treated, would_order=would_order, effect=effect, persuaded=persuaded
    )
    return campaign, timeline


def _assignments(people: People, campaign: Campaign) -> pa.Table:
    ids = people.ids.take(campaign.who)
    return table(
        "assignments",
        {
            "occurred_at": np.full(campaign.who.size, campaign.starts_at),
            "row_key": joined(campaign.name, ids),
            "identity_id": ids,
            "experiment": campaign.name,
            "arm": chosen(("holdout", "treatment"), campaign.treated.astype(np.int64)),
        },
    )


def _messages(
    company: Company, people: People, campaign: Campaign, random: np.random.Generator, opens: NDArray[np.float64], number: int
) -> tuple[list[pa.Table], NDArray[np.int64]]:
    """Rows for each step, and when each of the assigned unsubscribes."""
    size = campaign.who.size
    sent_at = campaign.starts_at + SENT_AFTER + random.integers(0, DAY // 48, size)
    delivered = campaign.treated & ((random.random(size) < DELIVERED) | campaign.persuaded)
    opened = delivered & ((random.random(size) < opens) | campaign.persuaded)
    clicked = opened & ((random.random(size) < CLICKED) | campaign.persuaded)
    leaves = delivered & (random.random(size) < UNSUBSCRIBED) & ~campaign.persuaded
    opened_at = sent_at + 60_000_000 + (random.exponential(0.4, size) * DAY).astype(np.int64)
    delivered_at = sent_at + random.integers(1_000_000, 60_000_000, size)
    steps = (
        ("sent", campaign.treated, sent_at),
        ("delivered", delivered, delivered_at),
        ("bounced", campaign.treated & ~delivered, delivered_at),
        ("opened", opened, opened_at),
        ("clicked", clicked, opened_at + 45_000_000),
        ("unsubscribed", leaves, opened_at + 90_000_000),
    )
    rows = []
    for step, does, at in steps:
        places = np.flatnonzero(does & (at < company.end))
        message = named("m", people.number[campaign.who[places]] * 100_000 + number)
        rows.append(
            table(
                "messages",
                {
                    "occurred_at": at[places],
                    "row_key": joined(message, step),
                    "identity_id": people.ids.take(campaign.who[places]),
                    "message_id": message,
                    "step": step,
                    "channel": "email",
                    "campaign": campaign.name,
                },
            )
        )
    return rows, np.where(leaves, opened_at, NEVER)
