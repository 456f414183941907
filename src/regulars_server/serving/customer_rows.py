"""The customers of the serving file: facts, what is predicted and why, names and how to reach them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from regulars.facts.catalogue import expression, groups
from regulars.relations import registry
from regulars.relations.base import in_force, with_customers
from regulars_server.shared.public import reference_of

if TYPE_CHECKING:
    from regulars.relations.session import Session
    from regulars_server.serving.engine import BuildingEngine

FACTS = (
    "country",
    "acquisition_channel",
    "acquisition_campaign",
    "cohort",
    "first_order_on",
    "last_order_on",
    "days_since_order",
    "orders",
    "orders_90d",
    "net_minor",
    "net_365d_minor",
    "value_minor",
    "average_order_value_minor",
    "refunded_minor",
    "usual_gap_days",
    "favourite_product",
    "nps_score",
    "tickets_open",
    "mrr_minor",
    "plan",
    "last_active_on",
    "active",
    "lapsed",
    "churn_risk",
    "clv_minor",
    "expected_orders",
    "health_score",
    "light",
    "money_at_risk_minor",
    "predicted_on",
)
"""Facts that the file carries, by their names in the library."""
DATES = ("first_order_on", "last_order_on", "last_active_on", "predicted_on")
FLAGS = ("active", "lapsed")
KEPT = {
    "reasons": "varchar",
    "clv_low_minor": "double",
    "clv_high_minor": "double",
    "churn_risk_low": "double",
    "churn_risk_high": "double",
}
"""What the predictions say beside their values."""


def write(session: Session, engine: BuildingEngine) -> None:
    """Make the table `serving.customers`, sorted so that one customer is found at once."""
    session.table("customer_of")
    engine.function("reference_of", reference_of)
    facts = _facts(session)
    names = _names(session)
    reasons = _reasons(session)
    chosen = ", ".join(_typed(name) for name in FACTS)
    kept = ", ".join(f"why.{name}" for name in KEPT)
    engine.do(f"""
        create table serving.customers as
        select hash(facts.customer_id) as key, facts.customer_id, reference_of(facts.customer_id) as reference,
            names.name, names.email, names.phone,
            lower(concat_ws(' ', names.name, names.email, regexp_replace(names.phone, '[^0-9+]', '', 'g'), facts.customer_id)) as search,
            {chosen}, {kept}
        from ({facts}) as facts
        left join ({names}) as names on facts.customer_id = names.customer_id
        left join ({reasons}) as why on facts.customer_id = why.customer_id
        order by key""")


def _typed(name: str) -> str:
    if name in DATES:
        return f"(date '1970-01-01' + facts.{name}::integer) as {name}"
    if name in FLAGS:
        return f"(facts.{name} = 1) as {name}"
    return f"facts.{name}"


def _facts(session: Session) -> str:
    """The query of the facts that are wanted: only groups that have something to say are reckoned."""
    wanted = tuple(
        name
        for name, group in groups().items()
        if all(session.has_rows(table) for table in group.needs) and (session.settings.customer_unit == "account" or not group.of_accounts)
    )
    text, asked = _facts_text(wanted, session.engine.dialect)
    for name in asked:
        session.table(name)
    return text


@cache
def _facts_text(wanted: tuple[str, ...], dialect: str) -> tuple[str, tuple[str, ...]]:
    tables = registry.Tables()
    query = expression(tables, [groups()[name] for name in wanted]).select("customer_id", *FACTS)
    return registry.compiled(query, dialect).rstrip(";"), tuple(tables.asked)


def _names(session: Session) -> str:
    """Of each customer the latest name, address and number that are known; of an account its name."""
    tables = session.tables()
    rows = with_customers(tables, in_force(tables, "customers"))
    versions = registry.compiled(rows.select("customer_id", "occurred_at", "row_key", "name", "email", "phone"), session.engine.dialect)
    parts = [versions]
    if session.settings.customer_unit == "account":
        accounts = in_force(tables, "accounts")
        own = accounts.filter(accounts.account_id.notnull()).select("account_id", "occurred_at", "row_key", "name")
        text = registry.compiled(own, session.engine.dialect)
        parts.append(f"select account_id, occurred_at, row_key, name, null, null from ({text.rstrip(';')})")
    union = " union all ".join(f"({part.rstrip(';')})" for part in parts)
    newest = ", ".join(
        f"arg_max({c}, (occurred_at, row_key)) filter ({c} is not null and {c} <> '') as {c}" for c in ("name", "email", "phone")
    )
    return f"select customer_id, {newest} from ({union}) where customer_id is not null group by customer_id"


def _reasons(session: Session) -> str:
    """What was kept with the latest predictions beside their values: the reasons of the light as JSON, and the 95 % intervals.

    Where several identities have become one customer since, the one that bears the customer's name speaks, as in the facts.
    """
    if not session.has_rows("predictions"):
        nothing = ", ".join(f"null::{kind} as {name}" for name, kind in KEPT.items())
        return f"select null::varchar as customer_id, {nothing} where false"
    session.table("prediction_rows")
    session.table("prediction_runs")
    columns = {
        "reasons": ("reasons", "light"),
        "clv_low_minor": ("low", "clv_minor"),
        "clv_high_minor": ("high", "clv_minor"),
        "churn_risk_low": ("low", "churn_risk"),
        "churn_risk_high": ("high", "churn_risk"),
    }
    assert columns.keys() == KEPT.keys()
    chosen = ", ".join(f"arg_min({column}, place) filter (name = '{of}') as {name}" for name, (column, of) in columns.items())
    return f"""
        select customer_id, {chosen} from (
            select coalesce(owners.customer_id, r.identity_id, r.account_id) as customer_id, r.name, r.low, r.high, r.reasons,
                (coalesce(r.identity_id <> owners.customer_id, false), coalesce(r.identity_id, ''), coalesce(r.account_id, '')) as place
            from prediction_rows as r left join customer_of as owners on r.identity_id = owners.identity_id
            where (r.name, r.load_id) in (
                select (name, load_id) from prediction_runs where name in ('light', 'clv_minor', 'churn_risk')
                qualify row_number() over (partition by name order by seen_until desc, reckoned_at desc, load_id desc) = 1))
        group by 1"""
