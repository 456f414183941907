"""Rows of the canonical tables out of arrays: texts from numbers, choices from lists, and the columns that nobody gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulars.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DAY = 86_400_000_000
"""Microseconds of a day."""


def named(prefix: str, numbers: NDArray[Any]) -> pa.Array:
    """Texts of `prefix` and each number.

    >>> named("c", np.array([1, 22])).to_pylist()
    ['c1', 'c22']
    """
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")


def joined(*parts: Any, by: str = "/") -> pa.Array:
    """Texts put together, with a separator.

    >>> joined(pa.array(["o1", "o2"]), "refund").to_pylist()
    ['o1/refund', 'o2/refund']
    """
    return pc.binary_join_element_wise(*parts, by)


def chosen(names: Sequence[str | None], places: NDArray[Any]) -> pa.Array:
    """The text at each place of a list."""
    return pa.array(names, pa.string()).take(pa.array(places))


def ordinals(sizes: NDArray[Any]) -> NDArray[Any]:
    """Places within groups of the given sizes, one group after the other.

    >>> ordinals(np.array([2, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    begins = np.cumsum(sizes) - sizes
    places: NDArray[Any] = np.arange(sizes.sum()) - np.repeat(begins, sizes)
    return places


def running_total(values: NDArray[Any], sizes: NDArray[Any]) -> NDArray[Any]:
    """Sums up to and including each entry, begun anew in each group of the given sizes.

    >>> running_total(np.array([1, 2, 3, 4, 5]), np.array([2, 3])).tolist()
    [1, 3, 3, 7, 12]
    """
    if not values.size:
        return values
    sums = np.concatenate([[0], np.cumsum(values)])
    begins = np.cumsum(sizes) - sizes
    total: NDArray[Any] = sums[1:] - np.repeat(sums[begins], sizes)
    return total


def table(name: str, given: dict[str, Any]) -> pa.Table:
    """Rows of the table `name` without `load_id`; a single value stands for all rows, a column not given is null."""
    rows = len(given["row_key"])
    given = {"source": "synthetic", "recorded_at": given["occurred_at"], "row_hash": given["row_key"], **given}
    columns, schema_fields = [], []
    for column in TABLES[name].columns:
        if column.name == "load_id":
            continue
        value = given.get(column.name)
        if isinstance(value, np.ndarray):
            array = pa.array(value).cast(column.type.arrow)
        elif isinstance(value, pa.Array | pa.ChunkedArray):
            array = value
        else:
            array = pa.repeat(pa.scalar(value, column.type.arrow), rows)
        columns.append(array)
        schema_fields.append(pa.field(column.name, column.type.arrow, nullable=not column.required))
    return pa.Table.from_arrays(columns, schema=pa.schema(schema_fields))
