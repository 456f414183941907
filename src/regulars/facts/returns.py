"""Returns: what came back, and what the customer is worth after it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from regulars.facts.declare import Kind, count, derived, group, money, on
from regulars.relations.base import flag, ratio, total

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@group(
    title="Returns",
    over="order_rows",
    needs=("orders",),
    facts=(
        count("refunds", "refunds, with or without a link to an order", "refunds"),
        on("last_refund_on", "local day of the latest refund"),
        money("refunded", "value refunded, as a positive amount"),
        money("gross", "value of all purchases before refunds and cancellations"),
        count("cancellations", "orders cancelled", "orders"),
        derived(
            "refund_share",
            Kind.REAL,
            "value refunded / value of all purchases",
            "share",
            lambda row, _t: ratio(row.refunded_minor, row.gross_minor),
        ),
    ),
)
def returns(rows: ir.Table, _t: Tables) -> Mapping[str, ir.Value]:
    """Refunds and cancellations at their own date."""
    refund = rows.kind == "refund"
    return {
        "refunds": total(flag(refund)),
        "last_refund_on": refund.ifelse(rows.local_day, ibis.null("int64")).max(),
        "refunded_minor": total(refund.ifelse(-rows.amount_minor, 0)),
        "gross_minor": total((rows.kind == "purchase").ifelse(rows.amount_minor, 0)),
        "cancellations": total(flag(rows.kind == "cancellation")),
    }


@group(
    title="Returns",
    over="unlinked_returns",
    needs=("orders",),
    facts=(
        money("unlinked_returns", "returns that could not be matched to an order; negative"),
        derived(
            "value_minor", Kind.MONEY, "customer value: net value of kept orders, unlinked returns subtracted", "minor units of the reporting currency",
            lambda row, _t: row.net_minor + row.unlinked_returns_minor,
        ),
    ),
)  # fmt: skip
def customer_value(rows: ir.Table, _t: Tables) -> Mapping[str, ir.Value]:
    """What is left of returns after matching."""
    return {"unlinked_returns_minor": total(rows.unmatched_minor)}
