"""Lists of customers from predictions: who, how much, and why, in an order that says whom to call first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyarrow as pa

    from regulars.predictions.rows import Told

SORTS = {
    "money_at_risk": ("money_at_risk_minor", "descending"),
    "risk": ("churn_risk", "descending"),
    "value": ("clv_minor", "descending"),
    "score": ("health_score", "ascending"),
}
"""By what customers are ranked: the most first, of scores the lowest."""

COLUMNS = (
    "customer_id",
    "light",
    "previous_light",
    "health_score",
    "churn_risk",
    "money_at_risk_minor",
    "clv_minor",
    "clv_low_minor",
    "clv_high_minor",
)


def listing(
    predictions: Told, *, lights: Collection[str] = (), top: int | None = None, sort: str = "money_at_risk", why: bool = False
) -> pa.Table:
    """Customers with one of `lights` (default: any), the first `top` by `sort`; unknown figures last, ties by customer_id.

    With `why` a column `why` holds a list of sentences.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    table = predictions.table
    table = table.select([name for name in COLUMNS if name in table.schema.names])
    if lights:
        table = table.filter(pc.is_in(table.column("light"), pa.array(sorted(lights), pa.string())))
    order = pc.sort_indices(table, sort_keys=[SORTS[sort], ("customer_id", "ascending")])
    table = table.take(order if top is None else order[:top])
    if why:
        told = [[str(reason) for reason in own] for own in predictions.why(table.column("customer_id").to_pylist())]
        table = table.append_column("why", pa.array(told, pa.list_(pa.string())))
    return table
