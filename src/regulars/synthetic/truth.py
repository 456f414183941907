"""What is true of a synthetic company and cannot be seen in its tables: of each customer, each campaign and each product."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from regulars.synthetic.accounts import Accounts
from regulars.synthetic.baskets import cost_share, partners, product_count
from regulars.synthetic.campaigns import run_campaigns
from regulars.synthetic.people import People
from regulars.synthetic.purchases import own_orders, refill_habits, with_refills
from regulars.synthetic.rows import named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from regulars.synthetic.campaigns import Campaign
    from regulars.synthetic.stories import Company

CUSTOMERS_AT_ONCE = 50_000
"""Customers that are drawn together; a block has chance of its own, so that the same company gives the same rows."""
ACCOUNTS_AT_ONCE = 2_000


def blocks(company: Company) -> Iterable[tuple[int, int]]:
    """First customer and number of customers of each block."""
    at_once = ACCOUNTS_AT_ONCE if company.kind == "saas" else CUSTOMERS_AT_ONCE
    return [(first, min(at_once, company.customers - first)) for first in range(0, company.customers, at_once)]


@dataclass(slots=True)
class CampaignTally:
    """What is true of campaigns, added up over blocks of customers."""

    sums: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(self, campaigns: list[Campaign]) -> None:
        for campaign in campaigns:
            sums = self.sums.setdefault(campaign.name, {"assigned": 0, "treated": 0, "would_order": 0.0, "effect": 0.0, "sleeping_dogs": 0})
            sums["assigned"] += campaign.who.size
            sums["treated"] += int(campaign.treated.sum())
            sums["would_order"] += float(campaign.would_order.sum())
            sums["effect"] += float(campaign.effect.sum())
            sums["sleeping_dogs"] += int((campaign.effect < 0).sum())

    def rows(self) -> list[dict[str, Any]]:
        """For each campaign: how many were assigned and treated, the share who would order within 30 days if left alone, and the
        change that treatment of everybody would make in that share (the true effect by intention to treat).
        """
        return [
            {
                "campaign": name,
                "assigned": int(sums["assigned"]),
                "treated": int(sums["treated"]),
                "would_order_share": sums["would_order"] / max(sums["assigned"], 1),
                "effect": sums["effect"] / max(sums["assigned"], 1),
                "sleeping_dogs": int(sums["sleeping_dogs"]),
            }
            for name, sums in self.sums.items()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is hidden in a company's history.

    `customers` has one row per customer under the `customer_id` of the tables: pace, drop-out and mean order value, `left_at` (null for who is still
    there at the end). For a saas company it has one row per account; `decides_at` and `leaves_at` may lie after the history, where nobody can see
    them: what a prediction is about. `campaigns` what `CampaignTally.rows`
    says; `products` one row per product with its share of cost, the product bought along, and the days after which it is used up.
    """

    parameters: dict[str, Any]
    customers: pa.Table
    campaigns: list[dict[str, Any]]
    products: pa.Table | None


def truth(company: Company) -> Truth:
    """What is hidden in the history that `fill` writes; drawn anew, so it takes about as long as the orders do.

    >>> from regulars.synthetic import Company
    >>> hidden = truth(Company(customers=3, months=6))
    >>> hidden.customers.schema.names
    ['customer_id', 'joined_at', 'rate_per_day', 'dropout', 'mean_value_minor', 'left_at', 'seasonal', 'refill_days']
    """
    tally, tables = CampaignTally(), []
    for first, count in blocks(company):
        tables.append(_accounts(company, first, count) if company.kind == "saas" else _people(company, first, count, tally))
    products = None if company.kind == "saas" else _products(company)
    return Truth(parameters=company.parameters(), customers=pa.concat_tables(tables), campaigns=tally.rows(), products=products)


def _people(company: Company, first: int, count: int, tally: CampaignTally) -> pa.Table:
    people = People(company, first, count)
    orders, left = own_orders(company, people)
    habit = refill_habits(company, people)
    if company.kind == "shop":
        tally.add(run_campaigns(company, people, with_refills(company, people, orders, left, habit))[1])
    cycles = pa.array([*company.shop.refill_days, None], pa.int64())
    return pa.table(
        {
            "customer_id": people.ids,
            "joined_at": _instants(people.joined, company),
            "rate_per_day": people.rate,
            "dropout": people.dropout,
            "mean_value_minor": people.mean_value,
            "left_at": _instants(left, company),
            "seasonal": people.seasonal,
            "refill_days": cycles.take(pa.array(np.where(habit < 0, len(company.shop.refill_days), habit))),
        }
    )


def _accounts(company: Company, first: int, count: int) -> pa.Table:
    accounts = Accounts(company, first, count)
    contracts = accounts.contracts
    return pa.table(
        {
            "customer_id": accounts.ids,
            "joined_at": _instants(accounts.joined, company),
            "chance_to_leave": contracts.chance,
            "decides_at": pa.array(contracts.decided_at).cast(pa.timestamp("us")),
            "leaves_at": pa.array(contracts.leaves_at).cast(pa.timestamp("us")),
            "involuntary": contracts.involuntary,
        }
    )


def _instants(at: NDArray[np.int64], company: Company) -> pa.Array:
    """Instants inside the history; null where it ended before."""
    return pa.array(at, mask=at >= company.end).cast(pa.timestamp("us"))


def _products(company: Company) -> pa.Table:
    count = product_count(company)
    cycles = company.shop.refill_days if company.kind == "shop" else ()
    number = np.arange(count + len(cycles))
    along = partners(company)
    return pa.table(
        {
            "product_id": named("p", number),
            "cost_share": cost_share(number, company),
            "bought_along": pa.array([f"p{along[n]}" if n in along else None for n in number.tolist()], pa.string()),
            "used_up_after_days": pa.array([None] * count + list(cycles), pa.int64()),
        }
    )
