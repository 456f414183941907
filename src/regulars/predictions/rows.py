"""From a run's table, one row per customer, to rows of the table `predictions`, one per customer and name; and its reasons as JSON."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from regulars.relations.predictions import LIGHTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa
    from numpy.typing import NDArray

SOURCE = "predictions"
"""The source of loads that hold predictions, and of their rows."""

ROWS_AT_ONCE = 100_000
EXPLAINED = ("green", "amber", "red", "new", "unknown")
"""Lights whose reasons are kept: of who has lapsed the light itself says all."""


class Model(Protocol):
    """What is kept of a model: its version, which follows from its content, and its files, none of which names a customer."""

    @property
    def version(self) -> str:
        """Letters, digits, `-`, `_` and `.`."""

    def as_files(self) -> Mapping[str, bytes]:
        """Name of a file and its content."""


class Told(Protocol):
    """What was said of customers: one row each in `table`, and reasons on demand; just reckoned, or kept and read again."""

    @property
    def as_of(self) -> datetime:
        """The first instant that was not seen."""

    @property
    def table(self) -> pa.Table:
        """One row per customer."""

    def why(self, customer_ids: Sequence[str]) -> Sequence[Sequence[Any]]:
        """The reasons for the light of each of these customers."""


class Predictions(Told, Protocol):
    """A run that can be kept: what was said, and the models that said it."""

    @property
    def models(self) -> Mapping[str, Model]:
        """The models by kind: churn, value, health."""


@dataclass(frozen=True, slots=True)
class Name:
    """A predicted value by name; the column of that name in a run's table, those of its interval, and the kinds of models behind it."""

    name: str
    kinds: tuple[str, ...]
    low: str = ""
    high: str = ""


NAMES = (
    Name("churn_risk", ("churn",), "churn_low", "churn_high"),
    Name("p_alive", ("value",)),
    Name("expected_orders", ("value",)),
    Name("clv_minor", ("value",), "clv_low_minor", "clv_high_minor"),
    Name("money_at_risk_minor", ("churn", "value")),
    Name("health_score", ("health", "churn")),
    Name("light", ("health", "churn")),
    Name("light_by_score", ("health", "churn")),
    Name("light_rule", ("health", "churn")),
    Name("previous_light", ("health", "churn")),
)
"""What is kept of each customer. Columns that a run does not have are left out, and so are values that do not exist.

Lights are kept as their place in green, amber, red, new, lapsed, unknown; of the row `light` the reasons say why, of `light_rule` (only of customers with a
rule; its value is the light) which rule, of `light_by_score` which colours the run withheld. `previous_light` is kept where it differs from the light.
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What all rows of a run share."""

    predictions: Predictions
    load_id: str
    reckoned_at: datetime
    versions: Mapping[str, str]
    accounts: Collection[str]
    """Customers that are accounts."""
    withheld: Sequence[str] = ()
    """Colours that the run does not show, because they did not hold."""


def parts(run: Run) -> Iterator[tuple[pa.Table, int]]:
    """The rows of a run in the columns of the table without `load_id`, name by name, some thousand customers at a time; and how many were looked at."""
    table = run.predictions.table
    for name in names_in(table):
        for start in range(0, table.num_rows, ROWS_AT_ONCE):
            part = table.slice(start, ROWS_AT_ONCE)
            yield _rows(run, name, part), part.num_rows


def names_in(table: pa.Table) -> list[Name]:
    """The names that a run's table has a column for."""
    return [name for name in NAMES if name.name in table.schema.names]


def _rows(run: Run, name: Name, part: pa.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    value = _value(name, part)
    there = pc.is_valid(value)
    part, value = part.filter(there), value.filter(there)
    low, high = (_real(part, column) for column in (name.low, name.high))
    reasons = _reasons(run, name, part)
    customers = _one_chunk(part.column("customer_id")).cast(pa.string())
    instant = run.predictions.as_of.astimezone(UTC).replace(tzinfo=None) - timedelta(microseconds=1)
    is_account = pc.is_in(customers, pa.array(sorted(run.accounts), pa.string()))
    nobody = pa.scalar(None, pa.string())
    return _table(
        part.num_rows,
        {
            "occurred_at": instant,
            "recorded_at": max(run.reckoned_at.astimezone(UTC).replace(tzinfo=None), instant),
            "source": SOURCE,
            "row_key": pc.binary_join_element_wise(pa.scalar(f"{run.load_id}/{name.name}"), customers, "/"),
            "row_hash": _hashes(value, low, high, reasons),
            "identity_id": pc.if_else(is_account, nobody, customers),
            "account_id": pc.if_else(is_account, customers, nobody),
            "name": name.name,
            "value": value,
            "low": low,
            "high": high,
            "reasons": pa.array(reasons, pa.string()),
            "model_version": " ".join(f"{kind}/{run.versions[kind]}" for kind in name.kinds if kind in run.versions) or "none",
        },
    )


def _table(count: int, columns: Mapping[str, Any]) -> pa.Table:
    import pyarrow as pa

    from regulars.tables import TABLES

    schema = pa.schema([field for field in TABLES["predictions"].arrow_schema if field.name != "load_id"])
    given = [(columns[field.name], field.type) for field in schema]
    arrays = [value if isinstance(value, pa.Array) else pa.repeat(pa.scalar(value, kind), count) for value, kind in given]
    return pa.table(arrays, schema=schema)


def _value(name: Name, part: pa.Table) -> pa.Array:
    """The value as a real number, null where there is none: lights by their place; of a rule, the light that it set."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not name.name.startswith("light") and name.name != "previous_light":
        return _real(part, name.name)
    words = _one_chunk(part.column("light" if name.name == "light_rule" else name.name)).cast(pa.string())
    place = pc.index_in(words, pa.array(LIGHTS)).cast(pa.float64())
    if name.name == "light_rule":
        return pc.if_else(pc.is_valid(_one_chunk(part.column("light_rule"))), place, pa.scalar(None, pa.float64()))
    if name.name == "previous_light":
        now = _one_chunk(part.column("light")).cast(pa.string())
        return pc.if_else(pc.equal(words, now), pa.scalar(None, pa.float64()), place)
    return place


def _real(part: pa.Table, column: str) -> pa.Array:
    """A column as real numbers; null where it is not finite, or there is no such column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column not in part.schema.names:
        return pa.nulls(part.num_rows, pa.float64())
    real = _one_chunk(part.column(column)).cast(pa.float64())
    return pc.if_else(pc.is_finite(real), real, pa.scalar(None, pa.float64()))


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    found = column.combine_chunks()
    return pa.concat_arrays(found.chunks) if isinstance(found, pa.ChunkedArray) else found


def _reasons(run: Run, name: Name, part: pa.Table) -> list[str | None]:
    """Of lights why, of rules which one, of lights by score which colours the run withheld."""
    if name.name == "light_by_score":
        return [json.dumps(list(run.withheld)) if run.withheld else None] * part.num_rows
    if name.name == "light_rule":
        return [json.dumps([str(rule)]) for rule in part.column("light_rule").to_pylist()]
    found: list[str | None] = [None] * part.num_rows
    if name.name == "light":
        lights, customers = part.column("light").to_pylist(), part.column("customer_id").to_pylist()
        lit = [place for place, light in enumerate(lights) if light in EXPLAINED]
        for place, reasons in zip(lit, run.predictions.why([customers[place] for place in lit]), strict=True):
            found[place] = json.dumps([plain(reason) for reason in reasons], default=str, ensure_ascii=False)
    return found


def plain(reason: Any) -> Any:
    """A reason as plain values, for JSON."""
    if hasattr(reason, "as_dict"):
        return reason.as_dict()
    return asdict(reason) if is_dataclass(reason) and not isinstance(reason, type) else reason


def _hashes(value: pa.Array, low: pa.Array, high: pa.Array, reasons: Sequence[str | None]) -> pa.Array:
    """A hash of each row's content as text; the multipliers are those of splitmix64 (Steele, Lea and Flood 2014)."""
    import numpy as np
    import pyarrow as pa

    state: NDArray[np.uint64] = np.array([0 if text is None else zlib.crc32(text.encode()) + 1 for text in reasons], dtype=np.uint64)
    for array in (value, low, high):
        bits = array.to_numpy(zero_copy_only=False).view(np.uint64)
        state = (state ^ bits) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return pa.array(state).cast(pa.string())
