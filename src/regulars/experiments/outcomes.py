"""Outcomes by intention to treat: one row per customer who was assigned, whatever became of the treatment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.experiments.covariates import aligned, name_of
from regulars.metrics.estimates import Undefined
from regulars.periods import day_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from regulars.experiments.declare import Experiment
    from regulars.relations.session import Session

OUTCOMES = ("conversion", "orders", "revenue", "margin")
IN_MONEY = ("revenue", "margin")
LEAST_COSTED = 0.95
"""Share of the orders' line value whose unit cost must be known, so that margin is reckoned order by order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """One entry per assigned customer, in the order of assignment and then of customer_id.

    `orders` are kept orders from the instant of assignment to the end of `days` local days, the first of which begins at or after it; `revenue`
    is their net value, `margin` what is earned on it (minor units). `covariate` is the frozen one, not a number where missing. Only customers
    whose days have passed as of the session are in; `waiting` counts the others.
    """

    customers: Any
    arms: NDArray[Any]
    start_days: NDArray[Any]
    orders: NDArray[Any]
    revenue: NDArray[Any]
    margin: NDArray[Any] | Undefined
    margin_basis: str
    covariate: NDArray[Any]
    waiting: dict[str, int]
    as_of_day: int
    conflicts: int
    """Customers who were merged since and had been in two arms: the earlier assignment counts."""
    before_data: int = 0
    """Customers who were assigned before the first day of the data: nothing is known of what they did, and they are left out."""

    def of(self, outcome: str) -> NDArray[Any] | Undefined:
        """The values of one of `OUTCOMES` by customer."""
        import numpy as np

        if outcome == "margin":
            return self.margin
        return (self.orders > 0).astype(np.float64) if outcome == "conversion" else self.orders if outcome == "orders" else self.revenue

    def only(self, rows: NDArray[Any]) -> Outcomes:
        """Some of the rows."""
        import pyarrow as pa

        margin = self.margin if isinstance(self.margin, Undefined) else self.margin[rows]
        return Outcomes(
            customers=self.customers.take(pa.array(rows.nonzero()[0] if rows.dtype == bool else rows)),
            arms=self.arms[rows],
            start_days=self.start_days[rows],
            orders=self.orders[rows],
            revenue=self.revenue[rows],
            margin=margin,
            margin_basis=self.margin_basis,
            covariate=self.covariate[rows],
            waiting=self.waiting,
            as_of_day=self.as_of_day,
            conflicts=self.conflicts,
            before_data=self.before_data,
        )


def outcomes(session: Session, experiment: Experiment) -> Outcomes:
    """What each assigned customer did, as of the session; money is in minor units of the session's currency.

    Raises `MixedCurrencies` where orders have no rate to it.
    """
    import numpy as np

    from regulars.experiments.covariates import latest_predictions
    from regulars.relations.base import flag, total

    session.require_one_currency(f"The experiment {experiment.name}")
    today = day_number(session.as_of_day)
    members = _members(session, experiment)
    known = members.start_day.notnull()
    done = known & (members.end_day <= today)
    sums = {"waiting": total(flag(known & ~done)), "conflicts": total(members.conflict), "before_data": total(flag(~known))}
    tally = session.run(members.group_by("arm").agg(**sums)).to_pylist()
    rows = session.run(_results(session, members.filter(done)).order_by(["assigned_at", "customer_id"]))
    margin, basis = _margin(session, rows)
    return Outcomes(
        customers=rows.column("customer_id").combine_chunks(),
        arms=np.array(rows.column("arm").to_pylist(), object),
        start_days=rows.column("start_day").to_numpy(),
        orders=rows.column("orders").to_numpy().astype(np.float64),
        revenue=rows.column("net_minor").to_numpy().astype(np.float64),
        margin=margin,
        margin_basis=basis,
        covariate=aligned(latest_predictions(session, name_of(experiment.name)), rows.column("customer_id")),
        waiting={row["arm"]: row["waiting"] for row in tally if row["waiting"]},
        as_of_day=today,
        conflicts=sum(row["conflicts"] for row in tally),
        before_data=sum(row["before_data"] for row in tally),
    )


def _members(session: Session, experiment: Experiment) -> ir.Table:
    """The customers of an experiment, and the local days `[start_day, end_day)` on which their outcomes count."""
    import ibis

    rows = session.table("assigned_customers")
    rows = rows.filter(rows.experiment == experiment.name)
    end = ibis.literal(day_number(session.as_of_day), "int64") if experiment.days is None else rows.start_day + experiment.days
    return rows.mutate(end_day=end).drop("experiment")


def _results(session: Session, members: ir.Table) -> ir.Table:
    """Orders, their net value and the known cost of their goods for each member."""
    import ibis
    from ibis import _

    from regulars.relations.base import total

    kept = session.table("kept_orders").filter(_.customer_id.notnull())
    kept = kept.select("order_id", "amount_minor", "net_minor", "local_day", buyer="customer_id", ordered_at="occurred_at")
    kept = kept.inner_join(
        members, [kept.buyer == members.customer_id, kept.ordered_at >= members.assigned_at, kept.local_day < members.end_day]
    )
    kept = kept.select("order_id", "buyer", "amount_minor", "net_minor")
    costs = session.table("kept_order_costs")
    orders = kept.left_join(costs, kept.order_id == costs.costed_order)
    # Goods that came back do not cost: the cost falls with the value that was refunded.
    left = orders.net_minor.cast("float64") / orders.amount_minor.cast("float64").nullif(0.0)
    orders = orders.mutate(cost=(_.cost * left).fill_null(0.0), costed_minor=_.costed_minor.fill_null(0))
    each = orders.group_by("buyer").agg(
        orders=_.count().cast("int64"),
        net_minor=total(_.net_minor),
        amount_minor=total(_.amount_minor),
        cost=_.cost.sum().cast("float64"),
        costed_minor=total(_.costed_minor),
    )
    rows = members.left_join(each, members.customer_id == each.buyer)
    whole = {name: rows[name].fill_null(0) for name in ("orders", "net_minor", "amount_minor", "costed_minor")}
    return rows.select("customer_id", "arm", "assigned_at", "start_day", cost=ibis.coalesce(rows.cost, 0.0), **whole)


def _margin(session: Session, rows: Any) -> tuple[NDArray[Any] | Undefined, str]:
    """Margin by customer, and what it rests on: unit_costs, gross_margin or margin_rate."""
    revenue = rows.column("net_minor").to_numpy().astype(float)
    sold, costed = float(rows.column("amount_minor").to_numpy().sum()), float(rows.column("costed_minor").to_numpy().sum())
    if sold > 0 and costed >= LEAST_COSTED * sold:
        # Lines without a cost are taken to cost as much as the others.
        return revenue - rows.column("cost").to_numpy() * (sold / costed), "unit_costs"
    share, basis = _margin_share(session)
    return (Undefined("no_margin"), "") if share is None else (revenue * share, basis)


def _margin_share(session: Session) -> tuple[float | None, str]:
    from datetime import timedelta

    from regulars.metrics import run
    from regulars.periods import Window

    end = session.whole().end
    measured = next(iter(run(session, "gross_margin", (Window(end - timedelta(days=365), end),))))
    if measured.is_defined:
        return measured.number, "gross_margin"
    return session.settings.margin_rate, "margin_rate"


def reached(session: Session, experiment: Experiment, customers: Sequence[str]) -> set[str]:
    """Which of the customers were sent (or delivered, opened, clicked) a message of the experiment's campaigns after their assignment."""
    if not experiment.campaigns or not customers:
        return set()
    members = _members(session, experiment)
    sent = session.table("campaign_messages")
    sent = sent.filter(sent.campaign.isin(experiment.campaigns))
    sent = sent.inner_join(members, [sent.reader == members.customer_id, sent.sent_at >= members.assigned_at])
    found = session.run(sent.select("reader").distinct()).column("reader").to_pylist()
    return set(found) & set(customers)
