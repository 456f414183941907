"""Rhythm: how long between orders, and how late against the customer's own usual gap?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.facts.declare import Kind, count, derived, group, real
from regulars.relations.base import ratio, total

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


def _days_since(row: ir.Table, t: Tables) -> ir.Value:
    return (t.parameters.as_of_day.as_scalar() - row.last_order_on).cast("float64")


def _days_late(row: ir.Table, t: Tables) -> ir.Value:
    late = _days_since(row, t) - row.usual_gap_days
    return (late < 0.0).ifelse(0.0, late)


@group(
    title="Rhythm",
    needs=("orders",),
    facts=(
        count("gaps", "gaps between consecutive order days", "gaps"),
        real("gap_mean_days", "mean gap between consecutive order days", "days"),
        real("usual_gap_days", "the customer's own usual gap: the median", "days"),
        count("longest_gap_days", "longest gap between consecutive order days", "days", empty=None),
        derived(
            "overdue_ratio", Kind.REAL, "days since the latest order / usual gap; above 1 is later than usual", "ratio",
            lambda row, t: ratio(_days_since(row, t), row.usual_gap_days),
        ),
        derived(
            "days_late", Kind.REAL, "days since the latest order beyond the usual gap; 0 while in time", "days",
            _days_late,
        ),
    ),
)  # fmt: skip
def rhythm(t: Tables) -> ir.Table:
    """Gaps of customers with two or more order days."""
    gaps = t.order_days.filter(_.previous_day.notnull()).select("customer_id", "local_day", gap=_.local_day - _.previous_day)
    gaps = gaps.mutate(
        place=ibis.row_number().over(group_by="customer_id", order_by=["gap", "local_day"]).cast("int64"),
        size=_.count().over(group_by="customer_id").cast("int64"),
    )
    # The middle gap, or the two middle ones: their places (from 0) differ from (size - 1) / 2 by less than 1.
    off = (gaps.place * 2 - gaps["size"] + 1).abs()
    middle = (off <= 1).ifelse(gaps.gap, 0)
    return gaps.group_by("customer_id").agg(
        gaps=gaps.count().cast("int64"),
        gap_mean_days=ratio(total(gaps.gap), gaps.count()),
        usual_gap_days=ratio(total(middle), total((off <= 1).ifelse(ibis.literal(1, "int64"), 0))),
        longest_gap_days=gaps.gap.max(),
    )
