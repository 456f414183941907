"""What is in an order: products that are popular, used up or bought together, what they cost, and what is given back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.synthetic.people import COUNTRIES
from regulars.synthetic.purchases import CAMPAIGN, REFILL
from regulars.synthetic.rows import DAY, chosen, joined, named, ordinals, table

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from regulars.synthetic.people import People
    from regulars.synthetic.purchases import Timeline
    from regulars.synthetic.stories import Company

PLAIN_PRODUCTS = 2_000
PLAIN_CAMPAIGNS = (None, "spring", "summer", "autumn")
ORDER_NUMBERS = 100_000
"""Numbers set aside for the orders of a customer."""


def product_count(company: Company) -> int:
    """Products in the range, consumables aside."""
    return company.shop.products if company.kind == "shop" else PLAIN_PRODUCTS


def partners(company: Company) -> dict[int, int]:
    """The planted pairs: product numbers and the number of the product that is bought along.

    >>> from regulars.synthetic import Company
    >>> partners(Company(customers=1, kind="shop"))
    {1: 151, 2: 152, 3: 153, 4: 154, 5: 155, 6: 156}
    """
    if company.kind != "shop":
        return {}
    half = company.shop.products // 2
    return {number: half + number for number in range(1, min(company.shop.affinity_pairs, half - 1) + 1)}


def cost_share(products: NDArray[np.int64], company: Company) -> NDArray[np.float64]:
    """Cost of goods of each product as a share of its price."""
    if company.kind != "shop":
        return np.full(products.size, 0.6)
    return 0.35 + 0.4 * (products * 37 % 100) / 100


class Orders:
    """The orders of a block of customers with their lines; amounts in minor units."""

    def __init__(self, company: Company, people: People, timeline: Timeline, habit: NDArray[np.int64], campaigns: tuple[str, ...]) -> None:
        self.company, self.people, self.timeline = company, people, timeline
        self.who, self.at, self.complained = timeline.who, timeline.at, timeline.complained
        random = company.random("baskets", people.first)
        size = self.who.size
        each = np.bincount(self.who, minlength=people.number.size)
        self.place = ordinals(each)
        self.ids = named("o", people.number[self.who] * ORDER_NUMBERS + self.place)
        self._draw_products(random, habit)
        total = random.gamma(company.value_shape, 1 / company.value_shape, size) * people.mean_value[self.who]
        self.amount = np.maximum(np.rint(total), 20).astype(np.int64)
        weight = 0.3 + random.exponential(1, self.line_of.size)
        share = weight / np.bincount(self.line_of, weight, size)[self.line_of]
        self.line_amount = np.floor(self.amount[self.line_of] * share).astype(np.int64)
        first_lines = np.cumsum(self.lines_each) - self.lines_each
        self.line_amount[first_lines] += self.amount - np.bincount(self.line_of, self.line_amount, size).astype(np.int64)
        self.discount = np.where(random.random(size) < 0.2, self.amount // 10, 0)
        self.quantity = random.integers(1, 4, self.line_of.size).astype(np.float64)
        if company.kind == "shop":
            self.campaign = chosen((None, *campaigns), np.maximum(timeline.why - CAMPAIGN + 1, 0))
        else:
            self.campaign = chosen(PLAIN_CAMPAIGNS, random.choice(4, size, p=(0.7, 0.1, 0.1, 0.1)))

    def _draw_products(self, random: np.random.Generator, habit: NDArray[np.int64]) -> None:
        count = product_count(self.company)
        lines = np.where(self.timeline.why == REFILL, 1, random.integers(1, 4, self.who.size))
        line_of = np.repeat(np.arange(self.who.size), lines)
        product = np.minimum((count * random.random(line_of.size) ** 3).astype(np.int64), count - 1)
        leads = np.zeros(line_of.size, dtype=bool)
        leads[np.cumsum(lines) - lines] = True
        refills = leads & (habit[self.who] >= 0)[line_of] & ((self.timeline.why == REFILL) | (self.place == 0))[line_of]
        product[refills] = count + habit[self.who][line_of][refills]
        pairs = partners(self.company)
        if pairs:
            partner = np.zeros(int(product.max(initial=0)) + 1 + len(pairs), np.int64)
            partner[list(pairs)] = list(pairs.values())
            more = np.flatnonzero((partner[product] > 0) & (random.random(product.size) < self.company.shop.affinity_chance))
            line_of, product = np.concatenate([line_of, line_of[more]]), np.concatenate([product, partner[product[more]]])
            turn = np.argsort(line_of, kind="stable")
            line_of, product = line_of[turn], product[turn]
        self.line_of, self.product = line_of, product
        self.lines_each = np.bincount(line_of, minlength=self.who.size)

    def rows(self) -> pa.Table:
        return table(
            "orders",
            {
                "occurred_at": self.at,
                "row_key": self.ids,
                "identity_id": self.people.ids.take(self.who),
                "order_id": self.ids,
                "kind": "purchase",
                "linked": True,
                "amount_minor": self.amount,
                "discount_minor": self.discount,
                "currency": self.company.currency,
                "channel": "web",
                "campaign": self.campaign,
                "country": chosen(COUNTRIES, self.people.country[self.who]),
            },
        )

    def lines(self) -> pa.Table:
        ids = self.ids.take(self.line_of)
        categories = 12 if self.company.kind == "shop" else 40
        return table(
            "order_lines",
            {
                "occurred_at": self.at[self.line_of],
                "row_key": joined(ids, named("", ordinals(self.lines_each))),
                "identity_id": self.people.ids.take(self.who[self.line_of]),
                "order_id": ids,
                "kind": "purchase",
                "product_id": named("p", self.product),
                "product_name": named("Product ", self.product),
                "category": named("Category ", self.product % categories),
                "is_goods": True,
                "quantity": self.quantity,
                "amount_minor": self.line_amount,
                "unit_cost_minor": self.line_amount * cost_share(self.product, self.company) / self.quantity,
                "currency": self.company.currency,
            },
        )

    def refunds(self) -> tuple[pa.Table, pa.Table]:
        """Whole orders given back within two weeks, each linked to its order."""
        random = self.company.random("refunds", self.people.first)
        given_back = np.flatnonzero(random.random(self.who.size) < self.company.refund_share)
        at = self.at[given_back] + random.integers(DAY, 14 * DAY, given_back.size)
        inside = at < self.company.end
        given_back, at = given_back[inside], at[inside]
        ids = self.ids.take(given_back)
        shared: dict[str, Any] = {
            "occurred_at": at,
            "row_key": joined(ids, "refund"),
            "identity_id": self.people.ids.take(self.who[given_back]),
            "order_id": ids,
            "kind": "refund",
            "amount_minor": -self.amount[given_back],
            "currency": self.company.currency,
        }
        rows = table("orders", {**shared, "linked": True})
        return rows, table("order_lines", {**shared, "is_goods": True, "quantity": np.full(given_back.size, -1.0)})
