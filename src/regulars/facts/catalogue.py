"""All facts together: one row per customer as of an instant."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any

from regulars.facts.declare import GROUPS, Fact, Group, Kind, empties
from regulars.results import TableResult

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import ibis.expr.types as ir
    import pyarrow as pa

    from regulars.relations.registry import Tables
    from regulars.relations.session import Session

FILES = (
    "attributes",
    "orders",
    "returns",
    "rhythm",
    "products",
    "discounts",
    "answers",
    "satisfaction",
    "tickets",
    "messages",
    "subscriptions",
    "activity",
    "usage",
    "predicted",
)
"""The files of groups, in the order of their columns."""


@cache
def groups() -> dict[str, Group]:
    """Every group of facts by name, in the order of the columns."""
    for name in FILES:
        importlib.import_module(f"regulars.facts.{name}")
    place = {f"regulars.facts.{name}": i for i, name in enumerate(FILES)}
    return dict(sorted(GROUPS.items(), key=lambda item: place[item[1].build.__module__]))


def columns() -> tuple[Fact, ...]:
    """Every fact, in order; the first column of the table itself is customer_id."""
    return tuple(fact for group in groups().values() for fact in group.facts)


def facts(session: Session, only: Collection[str] | None = None) -> TableResult:
    """One row per customer known before as-of, in the order of customer_id; only rows before as-of flow in.

    With `only`, names of groups, facts of the others are left empty, which saves their time. Raises `MixedCurrencies` where money has no rate to the reporting currency.
    """
    if session.has_rows("orders") or session.has_rows("subscriptions"):
        session.require_one_currency("facts")
    by_account = session.settings.customer_unit == "account"
    known = tuple(
        name
        for name, g in groups().items()
        if (only is None or name in only) and all(session.has_rows(table) for table in g.needs) and (by_account or not g.of_accounts)
    )
    text, asked = _text(known, session.engine.dialect)
    for name in asked:
        session.table(name)
    rows = session.engine.run(text)
    meanings = {
        "customer_id": "the customer",
        **{fact.name: f"{fact.meaning} ({fact.unit})" if fact.unit else fact.meaning for fact in columns()},
    }
    return TableResult(table=_typed(rows), title="Facts", as_of=session.as_of, currency=session.currency, meanings=meanings)


@cache
def _text(known: tuple[str, ...], dialect: str) -> tuple[str, tuple[str, ...]]:
    """The query of all facts and what it rests on; writing it takes as long as reckoning the facts of a small company."""
    from regulars.relations import registry

    tables = registry.Tables()
    query = expression(tables, [groups()[name] for name in known])
    return registry.compiled(query, dialect), tuple(tables.asked)


def expression(t: Tables | Any, known: Sequence[Group]) -> ir.Table:
    """The query of all facts; facts of groups that are not in `known` are empty."""
    rows = t.known_customers
    present: set[str] = set()
    for i, (part, own) in enumerate(_parts(t, known)):
        key = f"customer_of_part_{i}"
        keyed = part.rename({key: "customer_id"})
        rows = rows.left_join(keyed, rows.customer_id == keyed[key]).drop(key)
        present |= {f.name for f in own}
    every = columns()
    stored = [f for f in every if f.derived is None]
    absent = empties(stored)
    filled = {f.name: rows[f.name] if f.empty is None else rows[f.name].fill_null(f.empty) for f in stored if f.name in present}
    rows = rows.select("customer_id", **{f.name: filled.get(f.name, absent[f.name]) for f in stored})
    rows = rows.mutate(**{f.name: f.derived(rows, t) for f in every if f.derived is not None})
    return rows.select("customer_id", *(f.name for f in every)).order_by("customer_id")


def _parts(t: Tables | Any, known: Sequence[Group]) -> list[tuple[ir.Table, list[Fact]]]:
    """Tables with one row per customer: groups over the same relation in one pass."""
    over: dict[str, list[Group]] = {}
    parts: list[tuple[ir.Table, list[Fact]]] = []
    for group in known:
        own = [f for f in group.facts if f.derived is None]
        if group.over:
            over.setdefault(group.over, []).append(group)
        else:
            part = group.build(t)
            parts.append((part.select("customer_id", *(f.name for f in own)), own))
    for name, together in over.items():
        rows = getattr(t, name)
        rows = rows.filter(rows.customer_id.notnull())
        sums = {column: value for group in together for column, value in group.build(rows, t).items()}
        parts.append((rows.group_by("customer_id").agg(**sums), [f for group in together for f in group.facts if f.derived is None]))
    return parts


def _typed(rows: pa.Table) -> pa.Table:
    """Day numbers as dates, 0 and 1 as flags."""
    import pyarrow as pa

    arrays = [rows.column("customer_id").cast(pa.string())]
    for fact in columns():
        column = rows.column(fact.name)
        if fact.kind is Kind.DATE:
            column = column.cast(pa.int32())
        arrays.append(column.cast(fact.kind.arrow))
    return pa.table(arrays, schema=pa.schema([("customer_id", pa.string()), *((f.name, f.kind.arrow) for f in columns())]))
