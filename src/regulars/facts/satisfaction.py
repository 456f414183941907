"""Satisfaction: is the customer content, and since when not?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.facts.declare import group, on, real, within
from regulars.relations.base import ratio

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables

MEASURES = ("nps", "csat", "ces", "rating")
DETRACTOR = 6
UNHAPPY = 0.4
"""An answer at or below this part of its scale, 0 being the worst, is an unhappy one."""


@group(
    title="Satisfaction",
    needs=("responses",),
    facts=(
        on("last_nps_on", "local day of the latest answer to the recommendation question"),
        real("satisfaction", "mean place of the latest csat, ces and rating answers of 365 days on their scales", "0 worst to 1 best"),
        on("dissatisfied_on", "latest day of an unhappy answer that no other answer to the same measure followed"),
    ),
)
def satisfaction(t: Tables) -> ir.Table:
    """The latest answer of each measure; unhappy is 0 to 6 for nps, else the lowest 40 % of the scale."""
    rows = t.response_rows.filter(_.customer_id.notnull(), _.score.notnull(), _.measure.isin(MEASURES))
    latest = ibis.row_number().over(group_by=["customer_id", "measure"], order_by=[_.occurred_at.desc(), _.row_key.desc()])
    rows = rows.mutate(latest=latest).filter(_.latest == 0)
    from_worst = _.high_is_good.fill_null(True).ifelse(_.score - _.scale_min, _.scale_max - _.score)
    rows = rows.mutate(place=ratio(from_worst, _.scale_max - _.scale_min))
    asked = rows.measure == "nps"
    unhappy = (asked & (rows.score <= DETRACTOR)) | (~asked & (rows.place <= UNHAPPY))
    no_day, no_number = ibis.null("int64"), ibis.null("float64")
    return rows.group_by("customer_id").agg(
        last_nps_on=asked.ifelse(rows.local_day, no_day).max(),
        satisfaction=(~asked & within(rows, t, 365)).ifelse(rows.place, no_number).mean(),
        dissatisfied_on=unhappy.fill_null(False).ifelse(rows.local_day, no_day).max(),
    )


@group(
    title="Satisfaction",
    facts=(real("polarity_90d", "mean attitude of the texts of answers and support cases of the 90 days before as-of", "-1 to 1"),),
)
def texts(t: Tables) -> ir.Table:
    """Texts that a model has read."""
    parts = [rows.filter(_.customer_id.notnull(), _.polarity.notnull(), within(rows, t, 90)) for rows in (t.response_rows, t.ticket_rows)]
    both = parts[0].select("customer_id", "polarity").union(parts[1].select("customer_id", "polarity"))
    return both.group_by("customer_id").agg(polarity_90d=both.polarity.mean())
