"""Undoing a load: its rows go, and what they had replaced is in force again."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from regulars.errors import ArgumentRefused, LoadUnknown, UndoRefused
from regulars.warehouse.loads import LoadRecord, new_change_id
from regulars.warehouse.records import read_load, read_loads
from regulars.warehouse.rewriting import Rewrite, stored_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from regulars.warehouse.changes import Places
    from regulars.warehouse.store import Store


def undo_load(places: Places, store: Store, load_id: str) -> LoadRecord:
    """Take the load's rows out of every table; the caller holds the workspace lock alone.

    Rows that the load had replaced are in force again, since the supersessions it brought go with it. Raises `LoadUnknown`, and
    `UndoRefused` when a later load has replaced rows of this one: undone in between, old and new version would both be in force.
    """
    record = _record(places, load_id)
    _refuse_when_built_upon(store, load_id)
    with Rewrite(places, store, new_change_id(), kind=f"undoing the load {load_id}") as rewrite:
        for table in store.tables():
            _without_load(rewrite, store, table, load_id)
        undone = dataclasses.replace(record, undone=True, undone_at=datetime.now(UTC))
        rewrite.replace_json(f"loads/{load_id}.json", undone.as_dict())
        rewrite.delete(f"quarantine/{load_id}.parquet")
        rewrite.commit(empties_cache=True)
    return undone


def _record(places: Places, load_id: str) -> LoadRecord:
    try:
        record = read_load(places, load_id)
    except (LoadUnknown, ArgumentRefused):
        record = None
    if record is not None and not record.undone:
        return record
    there = [found.load_id for found in read_loads(places, latest=50) if not found.undone]
    raise LoadUnknown(
        f"There is no load '{load_id}' to undo" + (": it has been undone already." if record is not None else "."),
        expected=f"one of {', '.join(there[-10:])}" if there else "a load, but there is none",
        remedy="Choose the id of a load that is in force.",
        details={"load_id": load_id},
    )


def _refuse_when_built_upon(store: Store, load_id: str) -> None:
    state = store.state("supersessions")
    later: set[str] = set()
    for name in state.rows_by_file if state else ():
        for rows in stored_rows(store.path("supersessions") / name, ["superseded_load_id", "load_id"]):
            hit = pc.and_(pc.equal(rows["superseded_load_id"], load_id), pc.not_equal(rows["load_id"], load_id))
            later.update(rows.filter(hit)["load_id"].unique().to_pylist())
    if later:
        raise UndoRefused(
            f"Rows of the load '{load_id}' were replaced by {len(later)} later load(s): {', '.join(sorted(later))}.",
            expected="a load whose rows no later load has replaced",
            remedy="Undo the later load(s) first, the newest first; import their files again afterwards if you still want them.",
            details={"load_id": load_id, "later": sorted(later)},
        )


def _without_load(rewrite: Rewrite, store: Store, table: str, load_id: str) -> None:
    state = store.state(table)
    for name in state.rows_by_file if state else ():
        path = store.path(table) / name
        if name.startswith(load_id):
            rewrite.remove(table, [name])
        elif _mentions(path, load_id):
            rewrite.remove(table, [name])
            rewrite.add(table, _others(path, load_id))


def _mentions(path: Path, load_id: str) -> bool:
    return any(pc.any(pc.equal(rows["load_id"], load_id)).as_py() for rows in stored_rows(path, ["load_id"]))


def _others(path: Path, load_id: str) -> Iterator[pa.Table]:
    for rows in stored_rows(path):
        yield rows.filter(pc.not_equal(rows["load_id"], load_id))
