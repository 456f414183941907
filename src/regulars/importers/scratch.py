"""Rows of one file between reading and booking, on the disk, so that memory stays bounded."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulars.importers.declaration import Draft, Kind, Rows, to_minor
from regulars.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from regulars.importers.reading import Reading
    from regulars.importers.sources import RaggedRow

ROWS = pa.schema(
    [
        pa.field("_row", pa.int64()),
        pa.field("_thing", pa.string()),
        pa.field("_run", pa.int64()),
        pa.field("_money", pa.int64()),
        pa.field("_currency", pa.string()),
        pa.field("_bad", pa.bool_()),
        pa.field("_erased", pa.bool_()),
        pa.field("_content", pa.string()),
    ]
)
BAD = pa.schema(
    [pa.field("_row", pa.int64()), pa.field("reason", pa.string()), pa.field("explanation", pa.string()), pa.field("raw", pa.string())]
)
_ENVELOPE = ("occurred_at", "identity_id", "account_id")


def own_columns(table: str) -> list[str]:
    """The columns of a table that a draft brings: all but those that booking fills in."""
    filled = {"recorded_at", "source", "row_key", "row_hash", "load_id", *_ENVELOPE}
    return [c.name for c in TABLES[table].columns if c.name not in filled]


class Scratch:
    """Parquet files of one file's rows, drafts and refusals in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.erased_known = 0
        """How many erased values were known when the rows were read."""
        folder.mkdir(parents=True, exist_ok=True)
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.rounding: dict[str, Any] = {}
        """By currency: what rounding to minor units took off the sum of all amounts read."""

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    def has(self, name: str) -> bool:
        return name in self._writers

    def add(self, reading: Reading, erased: pa.Array) -> None:
        """Keep what a batch became: its rows, what is wrong with some, and the drafts of the others."""
        rows, problems = reading.rows, reading.problems
        fmt = rows.format
        gone = np.asarray(erased.to_numpy(zero_copy_only=False), dtype=bool)
        good = pa.array(~problems.bad & ~gone)
        clean = rows.where(good)
        if fmt.refuse is not None and len(clean):
            places = np.flatnonzero(np.asarray(good.to_numpy(zero_copy_only=False)))
            for mask, reason, explanation in fmt.refuse(clean):
                marked = np.zeros(len(rows), dtype=bool)
                marked[places] = np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), dtype=bool)
                problems.mark(marked, reason, explanation)
            good = pa.array(~problems.bad & ~gone)
            clean = rows.where(good)
        self._add_rows(reading, problems.bad & ~gone, erased)
        listed = [(place, reason, why) for place, reason, why in problems.listed() if not gone[place]]
        if listed:
            numbers = rows.number.take(pa.array([place for place, _, _ in listed]))
            self.refuse(numbers, [reason for _, reason, _ in listed], [why for _, _, why in listed], [None] * len(listed))
        if len(clean):
            for draft in fmt.shape(clean):
                self.write(f"draft_{draft.table}", draft_table(draft))

    def _add_rows(self, reading: Reading, bad: Any, erased: pa.Array) -> None:
        rows = reading.rows
        fmt = rows.format
        thing = fmt.thing(rows) if fmt.thing else pa.nulls(len(rows), pa.string())
        money = pa.nulls(len(rows), pa.int64())
        if fmt.money is not None:
            exact = fmt.money(rows)
            money = to_minor(exact, rows.currency)
            self._add_rounding(exact, money, rows)
        run = reading.run if fmt.repeats.value == "last wins" else pa.repeat(pa.scalar(0, pa.int64()), len(rows))
        columns = [rows.number, thing, run, money, rows.currency, pa.array(bad), erased, content(rows)]
        self.write(
            "rows", pa.Table.from_arrays([c.combine_chunks() if isinstance(c, pa.ChunkedArray) else c for c in columns], schema=ROWS)
        )

    def _add_rounding(self, exact: pa.Array, minor: pa.Array, rows: Rows) -> None:
        from regulars.money import exponent

        for code in pc.unique(rows.currency).drop_null().to_pylist():
            of_code = pc.equal(rows.currency, code)
            before = pc.sum(exact.filter(of_code)).as_py()
            after = pc.sum(minor.filter(of_code)).as_py()
            if before is not None and after is not None:
                self.rounding[code] = self.rounding.get(code, 0) + before.scaleb(exponent(code)) - after

    def refuse(self, numbers: pa.Array, reasons: list[str], explanations: list[str], raws: list[str | None]) -> None:
        """Keep rows for quarantine."""
        self.write(
            "bad", pa.Table.from_arrays([numbers, pa.array(reasons), pa.array(explanations), pa.array(raws, pa.string())], schema=BAD)
        )

    def add_ragged(self, ragged: Sequence[RaggedRow], mask: Callable[[pa.Array], pa.Array]) -> None:
        """Keep rows that do not fit the header for quarantine, unless they name somebody who has been erased."""
        erased = [_names_erased(row.text, mask) for row in ragged]
        count = len(ragged)
        numbers = pa.array([row.number for row in ragged], pa.int64())
        nothing = pa.nulls(count, pa.string())
        bad = pa.array([not e for e in erased])
        columns = [
            numbers,
            nothing,
            pa.repeat(pa.scalar(0, pa.int64()), count),
            pa.nulls(count, pa.int64()),
            nothing,
            bad,
            pa.array(erased),
            nothing,
        ]
        self.write("rows", pa.Table.from_arrays(columns, schema=ROWS))
        kept = [row for row, e in zip(ragged, erased, strict=True) if not e]
        self.refuse(
            pa.array([row.number for row in kept], pa.int64()),
            ["ragged_row"] * len(kept),
            [f"the row has {row.cells} cells where the header has {row.expected}" for row in kept],
            [json.dumps({"text": row.text[:10_000]}, ensure_ascii=False) for row in kept],
        )

    def write(self, name: str, rows: pa.Table) -> None:
        if not rows.num_rows and name in self._writers:
            return
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(self.path(name), rows.schema, compression="snappy", write_statistics=False)
        self._writers[name].write_table(rows)

    def finish(self) -> None:
        """All rows are there."""
        if "rows" not in self._writers:
            self.write("rows", ROWS.empty_table())
        if "bad" not in self._writers:
            self.write("bad", BAD.empty_table())
        for writer in self._writers.values():
            writer.close()


def _names_erased(text: str, mask: Callable[[pa.Array], pa.Array]) -> bool:
    words = {word for word in re.split(r"[,;|\t\"\s]+", text) if word}
    traces = pa.array(sorted(words | {word.lower() for word in words}), pa.string())
    return bool(pc.any(mask(traces)).as_py()) if len(traces) else False


def content(rows: Rows) -> pa.Array:
    """Everything that a row says, as one text: equal rows have equal texts, in whatever layout the file had them.

    A field without a value says nothing, so that a column more does not change the rows that leave it empty.
    """
    said = []
    for wanted in sorted((*(f for f in rows.format.fields if rows.has(f.name)),), key=lambda f: f.name):
        if wanted.name == "currency":
            continue
        values = rows[wanted.name]
        if wanted.kind is Kind.INSTANT:
            values = values.cast(pa.int64())
        texts = values if values.type == pa.string() else values.cast(pa.string())
        said.append(pc.fill_null(pc.binary_join_element_wise(pa.scalar(f"{wanted.name}="), texts, "\x1f", ""), ""))
    if rows.format.state is not None:
        said.append(pc.fill_null(rows.format.state(rows), ""))
    return pc.binary_join_element_wise(*said, pc.fill_null(rows.currency, ""), "")


def draft_table(draft: Draft) -> pa.Table:
    """A draft as an Arrow table: its row numbers and parts, the envelope it brings, and the table's own columns in order."""
    table = TABLES[draft.table]
    count = len(draft.rows)
    names = ["_row", "_part", *_ENVELOPE, *own_columns(draft.table)]
    given: dict[str, Any] = {
        "_row": draft.rows.number,
        "_part": draft.part,
        "occurred_at": draft.occurred_at,
        "identity_id": draft.identity,
        "account_id": draft.account,
        **draft.columns,
    }
    kinds = {"_row": pa.int64(), "_part": pa.string(), **{c.name: c.type.arrow for c in table.columns}}
    unknown = set(given) - set(names)
    assert not unknown, f"{draft.table} has no columns {unknown}"
    return pa.table({name: _array(given.get(name), count, kinds[name]) for name in names})


def _array(value: Any, count: int, kind: pa.DataType) -> pa.Array:
    if value is None:
        return pa.nulls(count, kind)
    if isinstance(value, pa.ChunkedArray):
        value = value.combine_chunks()
    if isinstance(value, pa.Array):
        return value if value.type == kind else value.cast(kind, safe=False)
    return pa.repeat(pa.scalar(value, kind), count)


def erased_rows(rows: Rows, mask: Any) -> pa.Array:
    """Which rows name a person who has been erased, by any of their traces."""
    result = pa.repeat(pa.scalar(False), len(rows))
    for wanted in rows.format.fields:
        is_trace = wanted.kind in {Kind.EMAIL, Kind.PHONE} or wanted.name in {"customer_id", "account_id"}
        if is_trace and rows.has(wanted.name):
            result = pc.or_(result, pc.fill_null(mask(rows[wanted.name]), False))
    return result
