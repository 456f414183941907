"""Attributes: where from, by which channel, since when?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.facts.declare import group, text

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@group(
    title="Attributes",
    facts=(
        text("country", "latest country known; else that of the latest purchase"),
        text("acquisition_channel", "channel that brought the customer"),
        text("acquisition_campaign", "campaign that brought the customer"),
        text("cohort", "local month of the first kept order, as 1997-01"),
    ),
)
def attributes(t: Tables) -> ir.Table:
    """The attributes that metrics are grouped by."""
    return t.customer_attributes.select("customer_id", "country", "acquisition_channel", "acquisition_campaign", "cohort")
