"""What was predicted of customers, and kept: of each name the latest run, by customer.

A run is a load of predictions. All rows of a run hold as of one instant, the one after the latest `occurred_at` in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from regulars.relations.base import flag, in_force, on_local_days, with_customers
from regulars.relations.registry import Tables, passing, relation

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

LIGHTS = ("green", "amber", "red", "new", "lapsed", "unknown")
"""What a light may be; a stored light is the place in this row."""

VALUES = ("churn_risk", "clv_minor", "expected_orders", "p_alive", "health_score", "light", "money_at_risk_minor")
"""Names of predictions that are read as facts."""


@passing
def prediction_rows(t: Tables) -> ir.Table:
    """Every prediction before as-of."""
    return in_force(t, "predictions").select(
        "name", "load_id", "occurred_at", "recorded_at", "identity_id", "account_id", "value", "low", "high", "reasons", "model_version"
    )


@relation
def prediction_runs(t: Tables) -> ir.Table:
    """One row per name and load: the latest instant that it may have seen, the local day of it, and when it was reckoned."""
    rows = t.prediction_rows
    runs = rows.group_by("name", "load_id").agg(seen_until=rows.occurred_at.max(), reckoned_at=rows.recorded_at.max())
    return on_local_days(t, runs, "seen_until")


def latest_run(runs: ir.Table, *within: str) -> ir.Table:
    """Of each name (`within` a window) the run that saw most; of two as of one instant the one reckoned later."""
    order = [_.seen_until.desc(), _.reckoned_at.desc(), _.load_id.desc()]
    return runs.mutate(place=ibis.row_number().over(group_by=[*within, "name"], order_by=order)).filter(_.place == 0).drop("place")


def rows_of(t: Tables, runs: ir.Table) -> ir.Table:
    """The predictions of `runs`, with the columns of their runs."""
    runs = runs.rename(run_name="name", run_load="load_id")
    rows = t.prediction_rows
    return rows.inner_join(runs, [rows.name == runs.run_name, rows.load_id == runs.run_load]).drop("run_name", "run_load")


def by_customer(t: Tables | Any, rows: ir.Table, names: Sequence[str], *keys: str, **more: ir.Value) -> ir.Table:
    """One row per customer (and `keys`) with a column for each of `names`, and the aggregates `more`.

    Where several identities have become one customer since, the row of the one that bears the customer's name counts, else the first by name.
    """
    nothing = ibis.null("float64")
    values = {name: (rows.name == name).ifelse(rows.value, nothing).max() for name in names}
    own = with_customers(t, rows.group_by(*keys, "identity_id", "account_id").agg(**values, **more)).filter(_.customer_id.notnull())
    order = [flag(_.identity_id == _.customer_id).desc(), ibis.coalesce(_.identity_id, ""), ibis.coalesce(_.account_id, "")]
    own = own.mutate(place=ibis.row_number().over(group_by=[*keys, "customer_id"], order_by=order))
    return own.filter(_.place == 0).drop("place", "identity_id", "account_id")


def light_of(code: ir.Value) -> ir.Value:
    """The name of a stored light; null where it is none."""
    return code.cast("int64").cases(*enumerate(LIGHTS), else_=ibis.null("string"))


def rounded(value: ir.Value) -> ir.Value:
    """To the nearest whole number, halves up."""
    return (value + 0.5).floor().cast("int64")


@relation
def predicted(t: Tables) -> ir.Table:
    """One row per customer: what the latest runs before as-of predicted, and the last local day that these may have seen."""
    rows = rows_of(t, latest_run(t.prediction_runs.filter(_.name.isin(VALUES))))
    found = by_customer(t, rows, VALUES, predicted_on=rows.local_day.max())
    return found.mutate(light=light_of(_.light), clv_minor=rounded(_.clv_minor), money_at_risk_minor=rounded(_.money_at_risk_minor))


@relation
def predicted_at_end(t: Tables) -> ir.Table:
    """One row per window and customer: the same by the latest runs that saw nothing of the window's end or later."""
    names = ("clv_minor", "health_score", "light", "money_at_risk_minor")
    runs, windows = t.prediction_runs.filter(_.name.isin(names)), t.windows.select("window_id", "seen_end_day")
    before = runs.inner_join(windows, [runs.local_day < windows.seen_end_day])
    found = by_customer(t, rows_of(t, latest_run(before, "window_id")), names, "window_id")
    return found.mutate(light=light_of(_.light), clv_minor=rounded(_.clv_minor), money_at_risk_minor=rounded(_.money_at_risk_minor))
