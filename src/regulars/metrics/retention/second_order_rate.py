"""Second order rate: what share of new customers came back for a second order?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from regulars.errors import ArgumentRefused
from regulars.metrics.card import Better, Grain, Interval, Kind, Unit
from regulars.metrics.declare import ratio
from regulars.relations.base import flag

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@ratio(
    question="Of the customers won in the window, what share placed a second kept order within so many days of the first?",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="R / C",
    symbols={
        "R": "those of C whose second kept order came at most `days` days after the first",
        "C": "customers whose first kept order lies in the window and at least `days` days before as-of",
        "days": "how long a customer has for the second order",
    },
    undefined_when="C = 0: nobody was won, or nobody has had the time yet",
    source="Requirements M-37; customers who have not had the time yet are excluded and counted, also those who came back already",
    requirements=("M-37",),
    needs=("orders",),
    interval=Interval.WILSON,
    argument_meanings={"days": "how many days a customer has for the second order"},
)
def second_order_rate(t: Tables, *, days: int = 90) -> ir.Table:
    """One row per customer whose first kept order lies in the window; a second order on the first day counts."""
    if days < 0:
        raise ArgumentRefused(f"days is {days}.", expected="a number of days from 0", remedy="For a quarter of a year: --arg days=90")
    as_of_day = t.parameters.as_of_day.as_scalar()
    rows = t.buyers.inner_join(t.window_days, t.buyers.first_day == t.window_days.local_day)
    rows = rows.mutate(mature=flag(rows.first_day + days <= as_of_day))
    return rows.select(
        "window_id",
        "customer_id",
        numerator=_.mature * flag(_.second_day - _.first_day <= days),
        denominator=_.mature,
        excluded=1 - _.mature,
    )
