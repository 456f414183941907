"""How facts are declared: columns with meaning and unit, in groups of one file each.

A group either aggregates the rows of one relation by customer (groups over the same relation share one pass), or gives a table with one row
per customer. A derived fact is reckoned from the other columns of its customer after all groups are joined.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import ibis.expr.types as ir
    import pyarrow as pa

    from regulars.relations.registry import Tables


class Kind(StrEnum):
    """What a fact's values are."""

    TEXT = "text"
    DATE = "date"
    COUNT = "count"
    MONEY = "money"
    REAL = "real"
    FLAG = "flag"

    @property
    def arrow(self) -> pa.DataType:
        """The column's Arrow type; money is in minor units."""
        import pyarrow as pa

        return {
            "text": pa.string(),
            "date": pa.date32(),
            "count": pa.int64(),
            "money": pa.int64(),
            "real": pa.float64(),
            "flag": pa.bool_(),
        }[self.value]

    @property
    def ibis(self) -> str:
        """Type in a query: dates are local day numbers there, flags 0 or 1."""
        return {"text": "string", "real": "float64"}.get(self.value, "int64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One column: `empty` is its value for customers of whom the group knows nothing; `derived` reckons it from other columns."""

    name: str
    kind: Kind
    meaning: str
    unit: str
    empty: int | None = None
    derived: Callable[[ir.Table, Tables], ir.Value] | None = None


def text(name: str, meaning: str) -> Fact:
    """A text, empty where unknown."""
    return Fact(name=name, kind=Kind.TEXT, meaning=meaning, unit="")


def on(name: str, meaning: str) -> Fact:
    """A date in company time."""
    return Fact(name=name, kind=Kind.DATE, meaning=meaning, unit="date")


def count(name: str, meaning: str, unit: str, *, empty: int | None = 0) -> Fact:
    """A number of things, 0 where there are none."""
    return Fact(name=name, kind=Kind.COUNT, meaning=meaning, unit=unit, empty=empty)


def money(name: str, meaning: str) -> Fact:
    """An amount in minor units, 0 where there is none."""
    return Fact(name=f"{name}_minor", kind=Kind.MONEY, meaning=meaning, unit="minor units of the reporting currency", empty=0)


def real(name: str, meaning: str, unit: str) -> Fact:
    """A number that does not exist for everybody."""
    return Fact(name=name, kind=Kind.REAL, meaning=meaning, unit=unit)


def derived(name: str, kind: Kind, meaning: str, unit: str, reckon: Callable[[ir.Table, Tables], ir.Value]) -> Fact:
    """A fact that follows from others of the same customer."""
    return Fact(name=name, kind=kind, meaning=meaning, unit=unit, derived=reckon)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Facts of one kind; `over` is the relation whose rows `build` aggregates, or empty where `build` gives one row per customer."""

    name: str
    title: str
    facts: tuple[Fact, ...]
    needs: tuple[str, ...]
    """Tables without which all its facts are empty."""
    over: str
    build: Callable[..., Any]
    of_accounts: bool = False
    """Whether its facts are empty where customers are people."""


GROUPS: dict[str, Group] = {}


def group(
    *, title: str, facts: Sequence[Fact], needs: Sequence[str] = (), over: str = "", of_accounts: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a group of facts.

    With `over`, the function takes that relation's rows and the tables, and gives name -> aggregate for each fact that is not derived;
    without, it takes the tables and gives an expression with `customer_id` and these columns, one row per customer.
    """

    def register(build: Callable[..., Any]) -> Callable[..., Any]:
        GROUPS[build.__name__] = Group(
            name=build.__name__, title=title, facts=tuple(facts), needs=tuple(needs), over=over, build=build, of_accounts=of_accounts
        )
        return build

    return register


def within(rows: ir.Table, t: Tables, days: int) -> ir.BooleanValue:
    """Whether a row's `local_day` is one of the `days` local days before as-of."""
    return rows.local_day >= t.parameters.as_of_day.as_scalar() - days


def empties(facts: Sequence[Fact]) -> Mapping[str, ir.Value]:
    """The values of facts for customers of whom nothing is known."""
    import ibis

    return {f.name: ibis.null(f.kind.ibis) if f.empty is None else ibis.literal(f.empty, f.kind.ibis) for f in facts if f.derived is None}
