"""What the models of value learn from: each buyer's order days, in one query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.periods import day_number
from regulars.predictions.clv.histories import Histories
from regulars.relations.base import total

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from regulars.relations.session import Session


@dataclass(frozen=True, slots=True, eq=False)
class Bought:
    """Who bought when, as of the beginning of local day `as_of_day`: one entry per buyer, in the order of customer_id."""

    as_of_day: int
    customer_ids: pa.Array
    histories: Histories
    first_day: NDArray[Any]
    orders: NDArray[Any]
    """Kept orders; several on one day are one order day."""
    net_minor: NDArray[Any]
    """Net value of kept orders."""
    first_net_minor: NDArray[Any]
    """Net value of the first order day."""
    returned_minor: float
    """What returns without an order took back from customers, all together: zero or negative."""

    @property
    def size(self) -> int:
        """Number of buyers."""
        return int(self.first_day.size)

    @property
    def order_days(self) -> float:
        """Order days of all buyers."""
        return float(self.histories.frequency.sum() + self.size)

    @property
    def returned_share(self) -> float:
        """What returns without an order took back, as a share of the net value of kept orders; from 0 to 1."""
        sold = float(self.net_minor.sum())
        return min(1.0, max(0.0, -self.returned_minor / sold)) if sold > 0 else 0.0


def histories(session: Session) -> tuple[pa.Array, Histories]:
    """The customers with a kept order, ordered by id, and their purchase histories in days and minor units.

    A transaction is an order day: `frequency` counts those after the first, `recency_days` runs from the first to the last, `age_days` from
    the first to as-of; `mean_value` is the mean net value of the repeat order days, 0 where there is none. Refunds and matched returns
    are inside the net value of their order, and an order without value left is none. Returns that no order could be found for are not:
    they would make some means negative; they lower all expected values by their share instead (`Bought.returned_share`).
    """
    bought = read(session)
    return bought.customer_ids, bought.histories


def read(session: Session) -> Bought:
    """Everything the models of value need of a session."""
    import ibis
    import numpy as np
    import pyarrow as pa

    days = session.table("order_days")
    again = days.previous_day.notnull()
    rows = session.run(
        days.group_by("customer_id")
        .agg(
            days=days.count().cast("int64"),
            first_day=days.local_day.min(),
            last_day=days.local_day.max(),
            orders=total(days.orders),
            net_minor=total(days.net_minor),
            repeat_minor=total(again.ifelse(days.net_minor, ibis.literal(0, "int64"))),
        )
        .order_by("customer_id")
    )
    as_of = day_number(session.as_of_day)
    counted, first, last, orders, net, again_net = (
        rows.column(name).to_numpy().astype(np.float64 if name.endswith("_minor") else np.int64)
        for name in ("days", "first_day", "last_day", "orders", "net_minor", "repeat_minor")
    )
    frequency = counted - 1
    return Bought(
        as_of_day=as_of,
        customer_ids=rows.column("customer_id").combine_chunks().cast(pa.string()),
        histories=Histories(
            frequency=frequency,
            recency_days=last - first,
            age_days=as_of - first,
            mean_value=np.divide(again_net, frequency, out=np.zeros_like(again_net), where=frequency > 0),
        ),
        first_day=first,
        orders=orders,
        net_minor=net,
        first_net_minor=net - again_net,
        returned_minor=_returned(session),
    )


def _returned(session: Session) -> float:
    back = session.table("unlinked_returns")
    known = back.filter(back.customer_id.notnull())
    (row,) = session.run(known.agg(returned=total(known.unmatched_minor))).to_pylist()
    return min(0.0, float(row["returned"] or 0))
