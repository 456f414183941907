"""What customers do in the shop besides ordering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.synthetic.baskets import product_count
from regulars.synthetic.rows import DAY, chosen, named, table

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from regulars.synthetic.baskets import Orders
    from regulars.synthetic.stories import Company

EVENT_NAMES = ("Product Viewed", "Signed In", "Product Added", "Cart Viewed")
AFTER_LEAVING = 0.1
"""In a shop, the share of their usual visits that customers still make after they dropped out."""


def events(company: Company, orders: Orders, left: NDArray[np.int64]) -> pa.Table:
    """Visits shortly before orders, and others at any time; in a shop few of these come after the customer has dropped out."""
    people = orders.people
    random = company.random("events", people.first)
    around = np.repeat(np.arange(orders.who.size), random.poisson(company.events_per_order, orders.who.size))
    alone = np.repeat(np.arange(people.number.size), random.poisson(company.events_per_customer, people.number.size))
    at_orders = np.maximum(orders.at[around] - random.integers(0, DAY // 4, around.size), company.start)
    at_random = people.joined[alone] + (random.random(alone.size) * (company.end - people.joined[alone])).astype(np.int64)
    if company.kind == "shop":
        kept = (at_random <= left[alone]) | (random.random(alone.size) < AFTER_LEAVING)
        alone, at_random = alone[kept], at_random[kept]
    who = np.concatenate([orders.who[around], alone])
    at = np.concatenate([at_orders, at_random])
    return table(
        "events",
        {
            "occurred_at": at,
            "row_key": named(f"e{people.first}-", np.arange(who.size)),
            "identity_id": people.ids.take(who),
            "name": chosen(EVENT_NAMES, random.choice(len(EVENT_NAMES), who.size)),
            "product_id": named("p", random.integers(0, product_count(company), who.size)),
        },
    )
