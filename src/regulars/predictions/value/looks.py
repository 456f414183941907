"""Earlier looks: the company as it was known then, the model it would have had, and what its buyers did afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.metrics.estimates import Undefined
from regulars.predictions.value.buying import Bought, read
from regulars.predictions.value.fitting import fit_model
from regulars.relations.base import flag, total

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from numpy.typing import NDArray

    from regulars.predictions.value.shrunk import Model
    from regulars.relations.session import Session

LEAST_TESTED_DAYS = 28
"""A test over less than four weeks says nothing of longer ones."""
LEAST_TRAINING = 1 / 3
"""Of the tested days, the share that the history before an earlier look must have at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Afterwards:
    """What the buyers of a look did in the `days` after it: one entry per order day of theirs, and the net value of it."""

    days: int
    buyer: NDArray[Any]
    """Place of the buyer in the look."""
    day: NDArray[Any]
    """Days after the look, from 0."""
    orders: NDArray[Any]
    net_minor: NDArray[Any]
    returned_minor: float
    """What returns without an order took back in these days; zero or negative."""
    new_day: NDArray[Any]
    """Days after the look of the order days of customers who had not bought before it."""
    new_next_day: NDArray[Any]
    """The same customer's next order day, or far away."""
    new_is_first: NDArray[Any]
    new_orders: NDArray[Any]
    new_net_minor: NDArray[Any]

    def order_days(self, buyers: int) -> NDArray[Any]:
        """Order days by buyer."""
        return np.bincount(self.buyer, minlength=buyers).astype(np.float64)

    def value(self, buyers: int) -> NDArray[Any]:
        """Net value of orders by buyer."""
        return np.bincount(self.buyer, self.net_minor, minlength=buyers)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """The company at the beginning of the local day `day`, and the `days` after it."""

    day: date
    bought: Bought
    model: Model
    recent_minor: NDArray[Any]
    """Net value of each buyer's orders in as many days before the look."""
    afterwards: Afterwards

    @property
    def order_days(self) -> NDArray[Any]:
        """What came: order days by buyer."""
        return self.afterwards.order_days(self.bought.size)

    @property
    def value(self) -> NDArray[Any]:
        """What came: net value by buyer."""
        return self.afterwards.value(self.bought.size)

    @property
    def expected_order_days(self) -> NDArray[Any]:
        """What was expected: order days by buyer."""
        expected: NDArray[Any] = self.model.expected_orders(self.bought.histories, self.afterwards.days)
        return expected

    @property
    def expected_value(self) -> NDArray[Any]:
        """What was expected: net value by buyer, less the share that returns without an order took back until then."""
        each = self.model.expected_value_per_order(self.bought.histories)
        expected: NDArray[Any] = self.expected_order_days * each * (1 - self.bought.returned_share)
        return expected

    @property
    def whole_value(self) -> float:
        """What came, all together, less what returns without an order took back in these days."""
        return float(self.afterwards.net_minor.sum()) + self.afterwards.returned_minor


def tested_days(session: Session, wanted: int) -> int | None:
    """The longest time up to `wanted` days over which an earlier prediction can be held against what came; None below 28 days.

    Before the earlier look there must lie at least a third as much history.
    """
    history = (session.as_of_day - session.history_start).days
    longest = min(wanted, int(history / (1 + LEAST_TRAINING)))
    return longest if longest >= LEAST_TESTED_DAYS else None


def earlier_looks(
    session: Session,
    days: int,
    *,
    most: int = 3,
    purchases: str = "bg_nbd",
    progress: Callable[[str], None] | None = None,
) -> list[Look]:
    """Up to `most` looks, `days` apart, the latest of them `days` before the session's own day; the earliest first.

    Each sees nothing but the rows before it: orders, refunds and identities as they were known then. Looks without a buyer are left out.
    """
    looks = []
    for back in range(most, 0, -1):
        day = session.as_of_day - timedelta(days=days * back)
        if (day - session.history_start).days < max(1, int(days * LEAST_TRAINING)):
            continue
        if progress:
            progress(f"value as of {day}")
        with session.earlier(day - timedelta(days=1)) as then:
            bought = read(then)
            recent = recent_value(then, bought, days)
        fitted = fit_model(bought, purchases)
        if not isinstance(fitted, Undefined):
            looks.append(Look(day, bought, fitted[0], recent, afterwards(session, bought, days)))
    return looks


FAR = 1_000_000
"""Days that nobody waits for."""


def afterwards(session: Session, bought: Bought, days: int) -> Afterwards:
    """What those buyers, and others after them, did in the `days` from their look on, as the session knows it now."""
    import pyarrow.compute as pc

    start = bought.as_of_day
    table = session.table("order_days")
    inside = table.filter(table.local_day >= start, table.local_day < start + days)
    rows = session.run(
        inside.select(
            "customer_id",
            "local_day",
            "orders",
            "net_minor",
            next_day=inside.next_day.fill_null(FAR),
            first=flag(inside.previous_day.isnull()),
        )
    )
    place = pc.index_in(rows.column("customer_id").cast("string"), value_set=bought.customer_ids).fill_null(-1).to_numpy()
    day, orders, net, following, first = (
        rows.column(name).to_numpy().astype(np.int64) for name in ("local_day", "orders", "net_minor", "next_day", "first")
    )
    day, following = day - start, following - start
    known = np.flatnonzero(place >= 0)
    known = known[np.lexsort((day[known], place[known]))]
    new = np.flatnonzero(place < 0)
    back = session.table("unlinked_returns")
    back = back.filter(back.local_day >= start, back.local_day < start + days, back.customer_id.notnull())
    returned = session.run(back.agg(returned=total(back.unmatched_minor))).to_pylist()[0]["returned"]
    return Afterwards(
        days=days,
        buyer=place[known].astype(np.int64),
        day=day[known],
        orders=orders[known],
        net_minor=net[known].astype(np.float64),
        returned_minor=min(0.0, float(returned or 0)),
        new_day=day[new],
        new_next_day=following[new],
        new_is_first=first[new],
        new_orders=orders[new],
        new_net_minor=net[new].astype(np.float64),
    )


def recent_value(session: Session, bought: Bought, days: int) -> NDArray[Any]:
    """Net value of each buyer's orders in the `days` before the session's own day."""
    import pyarrow.compute as pc

    table = session.table("order_days")
    inside = table.filter(table.local_day >= bought.as_of_day - days)
    rows = session.run(inside.group_by("customer_id").agg(net_minor=total(inside.net_minor)))
    place = pc.index_in(rows.column("customer_id").cast("string"), value_set=bought.customer_ids).to_numpy()
    found = np.zeros(bought.size)
    found[place] = rows.column("net_minor").to_numpy()
    return found
