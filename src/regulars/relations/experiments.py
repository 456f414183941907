"""Building blocks of queries about experiments: who was assigned when, what orders cost, which values were frozen, who was sent what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.relations.base import flag, in_force, on_local_days, total, with_customers
from regulars.relations.registry import Tables, passing, relation

if TYPE_CHECKING:
    import ibis.expr.types as ir

REACHED = ("sent", "delivered", "opened", "clicked")
"""Steps of a message that say that it went out."""


@relation
def assigned_customers(t: Tables) -> ir.Table:
    """One row per experiment and customer: the first assignment, the first local day that begins at or after it, and whether there was another arm."""
    rows = on_local_days(t, in_force(t, "assignments"), day="assigned_day", boundary="start_day")
    rows = with_customers(t, rows).filter(_.customer_id.notnull())
    each = {"group_by": ["experiment", "customer_id"]}
    rows = rows.mutate(
        place=ibis.row_number().over(**each, order_by=[_.occurred_at, _.row_key]),
        conflict=flag(_.arm.min().over(**each) != _.arm.max().over(**each)),
    )
    rows = rows.filter(_.place == 0)
    return rows.select("experiment", "customer_id", "arm", "conflict", "start_day", assigned_at="occurred_at")


@passing
def ever_assigned(t: Tables) -> ir.Table:
    """Every assignment in force, those after as-of included: nobody is assigned twice."""
    replaced = t.supersessions.filter(_.table_name == "assignments")
    rows = t.assignments.anti_join(
        replaced,
        [
            t.assignments.row_key == replaced.superseded_key,
            t.assignments.source == replaced.superseded_source,
            t.assignments.load_id == replaced.superseded_load_id,
        ],
    )
    rows = with_customers(t, rows).filter(_.customer_id.notnull())
    return rows.select("experiment", "customer_id", "arm", "occurred_at", "row_key")


@passing
def kept_order_costs(t: Tables) -> ir.Table:
    """One row per order with lines: the known cost of what was bought, and the value of the lines whose cost is known."""
    lines = t.line_rows.filter(_.kind == "purchase")
    known = lines.unit_cost_minor.notnull()
    return lines.group_by(costed_order="order_id").agg(
        cost=known.ifelse(lines.quantity * lines.unit_cost_minor, 0.0).sum().cast("float64"),
        costed_minor=total(known.ifelse(lines.amount_minor, 0)),
    )


@relation
def latest_values(t: Tables) -> ir.Table:
    """One row per customer and name: the latest predicted CLV, and every covariate that was frozen for an experiment."""
    rows = in_force(t, "predictions").filter((_.name == "clv_minor") | (_.name.substr(0, 6) == "cuped:"))
    rows = with_customers(t, rows).filter(_.customer_id.notnull())
    newest = ibis.row_number().over(
        group_by=["name", "customer_id"], order_by=[_.occurred_at.desc(), _.recorded_at.desc(), _.row_key.desc()]
    )
    return rows.mutate(newest=newest).filter(_.newest == 0).select("name", "customer_id", "value")


@passing
def campaign_messages(t: Tables) -> ir.Table:
    """Every message of a campaign that went out: who was to read it, and when."""
    rows = in_force(t, "messages").filter(_.campaign.notnull(), _.step.isin(REACHED))
    rows = with_customers(t, rows).filter(_.customer_id.notnull())
    return rows.select("campaign", reader="customer_id", sent_at="occurred_at")
