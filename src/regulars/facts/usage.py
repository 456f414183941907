"""Usage: on how many days, by how many people, in how much breadth is the product used?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.facts.declare import count, group, within
from regulars.relations.base import in_force, with_customers

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from regulars.relations.registry import Tables


@group(
    title="Usage",
    needs=("events",),
    facts=(
        count("use_days_30d", "days with a meaningful event in the 30 days before as-of", "days"),
        count("use_days_90d", "days with a meaningful event in the 90 days before as-of", "days"),
        count("features_90d", "different meaningful events in the 90 days before as-of", "events"),
        count("users_30d", "people with a meaningful event in the 30 days before as-of", "people"),
    ),
)
def usage(t: Tables) -> ir.Table:
    """Days, people and names of meaningful events."""
    rows = t.recent_use
    late = within(rows, t, 30)
    return rows.group_by("customer_id").agg(
        use_days_30d=late.ifelse(rows.local_day, ibis.null("int64")).nunique().cast("int64"),
        use_days_90d=rows.local_day.nunique().cast("int64"),
        features_90d=rows.name.nunique().cast("int64"),
        users_30d=late.ifelse(rows.person, ibis.null("string")).nunique().cast("int64"),
    )


@group(
    title="Usage",
    of_accounts=True,
    facts=(
        count(
            "people_180d",
            "people of the account with a meaningful event, support case or answer in the 180 days before as-of; 0 where customers are people",
            "people",
        ),
    ),
)
def people(t: Tables) -> ir.Table:
    """Who of an account is in contact with us."""
    rows = t.recent_contacts
    return rows.group_by("customer_id").agg(people_180d=rows.person.nunique().cast("int64"))


@group(
    title="Usage",
    needs=("accounts",),
    of_accounts=True,
    facts=(count("account_seats", "seats of the account, as its latest row with a number says", "seats", empty=None),),
)
def accounts(t: Tables) -> ir.Table:
    """Accounts, where they are the customers."""
    rows = with_customers(t, in_force(t, "accounts").filter(_.seats.notnull(), _.account_id.notnull()))
    rows = rows.filter(_.customer_id == _.account_id)
    latest = ibis.row_number().over(group_by="customer_id", order_by=[_.occurred_at.desc(), _.row_key.desc()])
    return rows.mutate(latest=latest).filter(_.latest == 0).select("customer_id", account_seats="seats")
