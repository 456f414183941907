"""Revenue concentration: how much comes from the best customers?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.errors import ArgumentRefused
from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio
from regulars.relations.base import total

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


def ranked(rows: ir.Table, top: float) -> ir.Table:
    """`rows` of `window_id, group, customer_id, value` with what counts of each: `numerator`, `denominator` and `influence`."""
    within = {"group_by": ["window_id", "group"]}
    place = ibis.row_number().over(**within, order_by=[_.value.desc(), _.customer_id]).cast("float64")
    rows = rows.select("window_id", "group", "customer_id", "value")
    rows = rows.mutate(place=place + 1.0, buyers=_.count().over(**within).cast("float64"))
    # 0.07 x 100 is a little more than 7 in floating point.
    rows = rows.mutate(best=(_.buyers * top - 1e-9).ceil())
    rows = rows.mutate(in_top=_.place <= _.best)
    rows = rows.mutate(last_value=_.in_top.ifelse(_.value, ibis.null("int64")).min().over(**within).cast("float64"))
    beyond = _.in_top.ifelse(_.value.cast("float64") - _.last_value, 0.0)
    return rows.select(
        "window_id",
        "group",
        "customer_id",
        "value",
        numerator=_.in_top.ifelse(_.value, ibis.literal(0, "int64")),
        denominator=_.value,
        influence=beyond + _.best / _.buyers * _.last_value,
    )


@ratio(
    within_group=ranked,
    question="What share of the value bought in the window comes from the best customers?",
    unit=Unit.RATIO,
    better=Better.NEITHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="T / V",
    symbols={
        "T": "net value of the kept orders of the ceil(top x n) customers who bought most, of n buyers of the window (of its group)",
        "V": "net value of the kept orders of all n",
        "top": "share of the customers that counts as the best",
    },
    undefined_when="nobody bought in the window",
    source="Requirements M-31, X-22: 20 % of customers are said to bring 80 % of revenue, 5 % to bring 35 %. Interval: influence function of a "
    "trimmed sum, (y - q) 1(y in the top) + p q with q the last value in the top and p the share it is of all; Deville (1999), Survey Methodology 25",
    requirements=("M-31",),
    needs=("orders",),
    interval=Interval.CLUSTERED,
    money=("numerator", "denominator"),
    argument_meanings={"top": "the share of customers that counts as the best, above 0 and up to 1"},
)
def revenue_concentration(t: Tables, *, top: float = 0.2) -> ir.Table:
    """One row per customer with a kept order in the window, ranked by what they bought; equals are ranked by customer id.

    Of five customers worth 60, 20, 10, 5 and 5 the best fifth is one, and brings 60 %. Grouped, the best are those of each group.
    """
    if not 0 < top <= 1:
        raise ArgumentRefused(f"top is {top}.", expected="a share above 0 and up to 1", remedy="For the best fifth: --arg top=0.2")
    days = t.order_days.inner_join(t.window_days, "local_day")
    each = days.group_by("window_id", "customer_id").agg(value=total(_.net_minor))
    return ranked(each.mutate(group=ibis.null("string")), top).drop("group")
