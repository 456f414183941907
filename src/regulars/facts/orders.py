"""Orders: when, how many, for how much?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.facts.declare import Kind, count, derived, group, money, on, within
from regulars.relations.base import flag, ratio, total

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from regulars.relations.registry import Tables

SPANS = (30, 90, 365)


@group(
    title="Orders",
    over="kept_orders",
    needs=("orders",),
    facts=(
        on("first_order_on", "local day of the first kept order"),
        on("last_order_on", "local day of the latest kept order"),
        derived("days_since_order", Kind.COUNT, "from the latest kept order to as-of", "days", lambda row, t: _age(row.last_order_on, t)),
        derived("tenure_days", Kind.COUNT, "from the first kept order to as-of", "days", lambda row, t: _age(row.first_order_on, t)),
        derived(
            "days_to_second_order", Kind.COUNT, "from the first kept order to the second; empty while there is none", "days",
            lambda row, _t: row.second_order_on - row.first_order_on,
        ),
        count("orders", "kept orders", "orders"),
        *(count(f"orders_{days}d", f"kept orders in the {days} days before as-of", "orders") for days in SPANS),
        money("net", "net value of kept orders"),
        *(money(f"net_{days}d", f"net value of kept orders of the {days} days before as-of") for days in SPANS),
        money("largest_order", "net value of the largest kept order"),
        derived(
            "average_order_value_minor", Kind.REAL, "net value / kept orders", "minor units of the reporting currency",
            lambda row, _t: ratio(row.net_minor, row.orders),
        ),
    ),
)  # fmt: skip
def orders(rows: ir.Table, t: Tables) -> Mapping[str, ir.Value]:
    """Kept orders of a customer; an order is dated by its own day, refunds on it are inside its net value."""
    sums = {
        "first_order_on": rows.local_day.min(),
        "last_order_on": rows.local_day.max(),
        "orders": rows.count().cast("int64"),
        "net_minor": total(rows.net_minor),
        "largest_order_minor": rows.net_minor.max(),
    }
    for days in SPANS:
        recent = within(rows, t, days)
        sums |= {f"orders_{days}d": total(flag(recent)), f"net_{days}d_minor": total(recent.ifelse(rows.net_minor, 0))}
    return sums


@group(title="Orders", needs=("orders",), facts=(on("second_order_on", "local day of the second kept order"),))
def second_orders(t: Tables) -> ir.Table:
    """When customers ordered again."""
    return t.buyers.select("customer_id", second_order_on="second_day")


def _age(day: ir.Value, t: Tables) -> ir.Value:
    return t.parameters.as_of_day.as_scalar() - day
