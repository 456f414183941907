"""Rows in force: what a canonical table says before as-of, whose rows they are, on which local day, in which money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.relations.registry import Tables, passing, relation

if TYPE_CHECKING:
    import ibis.expr.types as ir


def total(value: ir.Value) -> ir.Value:
    """Sum as a 64-bit integer; engines widen it otherwise."""
    return value.sum().pipe(_as_int64)


def _as_int64(value: ir.Value) -> ir.Value:
    # Ibis leaves out a cast to the type that it believes the value to have, and it does not know that engines widen sums.
    from ibis.expr import operations

    return operations.Cast(value, to="int64").to_expr()


def flag(condition: ir.BooleanValue) -> ir.Value:
    """1 where `condition` holds, else 0; unknown counts as 0."""
    return condition.fill_null(False).ifelse(1, 0).cast("int64")


def ratio(numerator: ir.Value, denominator: ir.Value) -> ir.Value:
    """Quotient in floating point; null where the denominator is 0."""
    return numerator.cast("float64") / denominator.cast("float64").nullif(0.0)


def in_force(tables: Tables, name: str, *, before: str = "as_of") -> ir.Table:
    """Rows of the canonical table `name` before as-of (or another parameter) that nothing has replaced."""
    rows = getattr(tables, name)
    settings = tables.parameters
    known_at = settings.known_at.as_scalar()
    replaced = tables.supersessions.filter(_.table_name == name, _.recorded_at < known_at).select(
        "superseded_key", "superseded_source", "superseded_load_id"
    )
    rows = rows.filter(_.occurred_at < settings[before].as_scalar(), _.recorded_at < known_at)
    return rows.anti_join(
        replaced,
        [rows.row_key == replaced.superseded_key, rows.source == replaced.superseded_source, rows.load_id == replaced.superseded_load_id],
    )


def on_local_days(
    tables: Tables, rows: ir.Table, instant: str = "occurred_at", *, day: str = "local_day", hour: str = "", boundary: str = ""
) -> ir.Table:
    """`rows` with the local `day` of `instant`; on request its local `hour`, and the first day `boundary` that is not before it.

    A null instant gives nulls.
    """
    moment = rows[instant]
    second = moment.hour().cast("int64") * 3600 + moment.minute().cast("int64") * 60 + moment.second().cast("int64")
    days = tables.utc_days.rename(joined_date="utc_date")
    rows = rows.mutate(utc_date=moment.date(), utc_second=second)
    rows = rows.left_join(days, rows.utc_date == days.joined_date)
    rows = rows.mutate(local_second=_.utc_second + (_.utc_second >= _.switch_second).ifelse(_.offset_after, _.offset_before))
    rows = rows.mutate(day_shift=(_.local_second >= 86_400).ifelse(1, (_.local_second < 0).ifelse(-1, 0)).cast("int64"))
    wanted = {day: _.utc_day + _.day_shift}
    second_of_day = _.local_second - _.day_shift * 86_400
    if hour:
        wanted[hour] = (second_of_day.cast("float64") / 3600.0).floor().cast("int64")
    if boundary:
        wanted[boundary] = _.utc_day + _.day_shift + flag(second_of_day > 0)
    rows = rows.mutate(**wanted)
    return rows.drop(
        "joined_date", "utc_date", "utc_second", "utc_day", "offset_before", "switch_second", "offset_after", "local_second", "day_shift"
    )


def with_customers(tables: Tables, rows: ir.Table) -> ir.Table:
    """`rows` with `customer_id`: whom the identity belongs to as of as-of, or the account where accounts are counted."""
    map_ = tables.customer_of.rename(mapped_identity="identity_id", mapped_customer="customer_id")
    rows = rows.left_join(map_, rows.identity_id == map_.mapped_identity)
    by_account = tables.parameters.by_account.as_scalar()
    person = ibis.coalesce(_.mapped_customer, _.identity_id)
    rows = rows.mutate(customer_id=((by_account == 1) & _.account_id.notnull()).ifelse(_.account_id, person))
    return rows.drop("mapped_identity", "mapped_customer")


def in_reporting_currency(tables: Tables, rows: ir.Table, *amounts: str, real: tuple[str, ...] = ()) -> ir.Table:
    """`rows` with `amounts` (minor units, and `real` ones with fractions) in the reporting currency; no factor on that day gives null."""
    factors = tables.currency_factors
    own = factors.rename(factor_currency="currency", factor_day="local_day")
    rows = rows.left_join(own, [rows.currency == own.factor_currency, rows.local_day == own.factor_day])
    converted = {name: (_[name].cast("float64") * _.factor + 0.5).floor().cast("int64") for name in amounts}
    converted |= {name: _[name] * _.factor for name in real}
    return rows.mutate(**converted).drop("factor_currency", "factor_day", "factor")


@relation
def customer_of(t: Tables) -> ir.Table:
    """identity_id -> customer_id: the latest word of the identity map before as-of, or before the later instant that people are known as of."""
    said = in_force(t, "identities", before="people_as_of").filter(_.identity_id.notnull())
    newest = ibis.row_number().over(group_by="identity_id", order_by=[_.occurred_at.desc(), _.row_key.desc()])
    return said.mutate(newest=newest).filter(_.newest == 0).select("identity_id", "customer_id")


@relation
def order_rows(t: Tables) -> ir.Table:
    """Every order row before as-of with its customer, its local day and hour, and its amount in the reporting currency."""
    rows = with_customers(t, on_local_days(t, in_force(t, "orders"), hour="local_hour"))
    rows = rows.mutate(original_currency=_.currency, discount_minor=_.discount_minor.fill_null(0))
    rows = in_reporting_currency(t, rows, "amount_minor", "discount_minor")
    return rows.select(
        "row_key",
        "order_id",
        "kind",
        "linked",
        "customer_id",
        "occurred_at",
        "local_day",
        "local_hour",
        "amount_minor",
        "discount_minor",
        "original_currency",
        "channel",
        "campaign",
        "country",
    )


@relation
def unlinked_refunds(t: Tables) -> ir.Table:
    """Refund rows that name no order, before as-of."""
    refunds = in_force(t, "orders").filter((_.kind == "refund") & ~_.linked)
    rows = in_reporting_currency(t, on_local_days(t, with_customers(t, refunds)), "amount_minor")
    return rows.select("row_key", "source", "order_id", "customer_id", "local_day", "amount_minor")


@passing
def line_rows(t: Tables) -> ir.Table:
    """Every order line before as-of with its customer, its local day and its amount in the reporting currency."""
    rows = in_reporting_currency(
        t, on_local_days(t, with_customers(t, in_force(t, "order_lines"))), "amount_minor", real=("unit_cost_minor",)
    )
    return rows.select(
        "row_key",
        "source",
        "order_id",
        "kind",
        "customer_id",
        "occurred_at",
        "local_day",
        "product_id",
        "product_name",
        "category",
        "is_goods",
        "quantity",
        "amount_minor",
        "unit_cost_minor",
    )
