"""How a relation is declared: a function from tables to an Ibis expression, known by its name.

`Tables` hands out unbound tables by name: canonical ones, inputs computed in Python, and other relations. Which of them a relation
asks for is noted, so that a session can create them first.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.errors import UnknownName
from regulars.tables import TABLES, Type

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir

INPUTS: dict[str, dict[str, str]] = {
    "parameters": {
        "as_of": "timestamp",
        "people_as_of": "timestamp",
        "known_at": "timestamp",
        "as_of_day": "int64",
        "history_start_day": "int64",
        "inactive_after_days": "int64",
        "renewal_grace_days": "int64",
        "by_account": "int64",
        "by_cancellation": "int64",
    },
    "utc_days": {"utc_date": "date", "utc_day": "int64", "offset_before": "int64", "switch_second": "int64", "offset_after": "int64"},
    "calendar": {"local_day": "int64", "month_index": "int64", "week_start": "int64", "weekday": "int64", "month_name": "string"},
    "currency_factors": {"currency": "string", "local_day": "int64", "factor": "float64"},
    "meaningful_events": {"name": "string"},
    "complaint_marks": {"place": "string", "word": "string"},
    "windows": {"window_id": "int64", "start_day": "int64", "end_day": "int64", "seen_end_day": "int64", "enough_history": "int64"},
    "window_days": {"window_id": "int64", "local_day": "int64"},
    "return_matches": {
        "refund_key": "string",
        "refund_source": "string",
        "order_id": "string",
        "refund_day": "int64",
        "quantity": "float64",
        "amount_minor": "int64",
    },
}
"""The small tables that a session computes in Python, and their columns."""


_IBIS_TYPES = {Type.INSTANT: "timestamp"}


def input_schema(name: str) -> pa.Schema:
    """Arrow schema of the input `name`."""
    return pa.schema([(column, _ARROW_TYPES[kind]) for column, kind in INPUTS[name].items()])


_ARROW_TYPES = {"timestamp": pa.timestamp("us"), "date": pa.date32(), "int64": pa.int64(), "float64": pa.float64(), "string": pa.string()}


@dataclass(frozen=True, slots=True)
class Relation:
    """A named building block of queries."""

    name: str
    build: Callable[[Tables], ir.Table]
    doc: str
    kept: bool = True
    """Whether its rows are kept once made; else every query that uses it makes those columns that it needs."""


RELATIONS: dict[str, Relation] = {}


def relation(build: Callable[[Tables], ir.Table]) -> Callable[[Tables], ir.Table]:
    """Register `build` as the relation of its name."""
    RELATIONS[build.__name__] = Relation(build.__name__, build, (build.__doc__ or "").strip())
    return build


def passing(build: Callable[[Tables], ir.Table]) -> Callable[[Tables], ir.Table]:
    """Register `build` as a relation whose rows are not kept: wide, and each query needs a few of its columns.

    It must not rest on windows, which change within a session.
    """
    RELATIONS[build.__name__] = Relation(build.__name__, build, (build.__doc__ or "").strip(), kept=False)
    return build


class Tables:
    """Unbound tables by name; `asked` holds the names that were asked for, in order."""

    def __init__(self) -> None:
        self.asked: dict[str, None] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        self.asked[name] = None
        return unbound(name)


@cache
def unbound(name: str) -> ir.Table:
    """The unbound Ibis table of a canonical table, an input or a relation."""
    import ibis

    if name in TABLES:
        return ibis.table({c.name: _IBIS_TYPES.get(c.type, c.type) for c in TABLES[name].columns}, name=name)
    if name in INPUTS:
        return ibis.table(INPUTS[name], name=name)
    return ibis.table(_built(name)[0].schema(), name=name)


@cache
def _built(name: str) -> tuple[ir.Table, tuple[str, ...]]:
    if name not in RELATIONS:
        _import_all()
    if name not in RELATIONS:
        raise UnknownName(f"There is no table or relation '{name}'.", expected=", ".join(sorted([*TABLES, *INPUTS, *RELATIONS])))
    tables = Tables()
    expression = RELATIONS[name].build(tables)
    return expression, tuple(tables.asked)


def _import_all() -> None:
    """Have every module beside this one declare its relations."""
    import regulars.relations

    for module in pkgutil.iter_modules(regulars.relations.__path__):
        importlib.import_module(f"regulars.relations.{module.name}")


def needs(name: str) -> tuple[str, ...]:
    """What must exist before the relation `name` can be created."""
    return _built(name)[1]


@cache
def query_text(name: str, dialect: str) -> str:
    """The relation's query in `dialect`."""
    return compiled(_built(name)[0], dialect)


def compiled(expression: ir.Table, dialect: str) -> str:
    """An Ibis expression as query text; Ibis compiles and never runs."""
    import ibis

    return str(ibis.to_sql(expression, dialect=dialect, pretty=True))
