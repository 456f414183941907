"""What is known of the committed loads, whether their records lie in a file each or were folded; many at once without reading them all."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from regulars.errors import ArgumentRefused, LoadUnknown
from regulars.warehouse import ledger
from regulars.warehouse.ledger import Folded, Summary
from regulars.warehouse.loads import LoadRecord, check_load_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from regulars.warehouse.changes import Places

BY_THEMSELVES = frozenset({"tracking", "identities"})
"""Sources whose loads come by themselves, many a day, name no file, and have counts for a report: an erasure passes their records by."""
WITHOUT_FILES = BY_THEMSELVES | {"predictions"}
"""Sources of loads that no file stands behind, and that bring nothing which tracking could tell of as well: those, and what was reckoned from others."""
FOLD_AFTER = timedelta(hours=1)
"""How old a record is when it may be folded: the youngest are asked for most, and lie in a file each."""
FOLD_FROM = 1_000
"""So many are folded at once: each time the file of the month is written anew."""
_COARSE_SECONDS = 2.0
"""So much earlier may the time of a file be in a copy."""


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """The loads that hold: how many, how many rows they brought, and the last id; undone ones aside."""

    loads: int
    rows: int
    last: str


def is_committed(places: Places, load_id: str) -> bool:
    """Whether the load with this id is in the tables, or was and is undone; cheap, however many loads there are."""
    return (places.loads / f"{check_load_id(load_id)}.json").exists() or ledger.find(places, load_id) is not None


def refuse_committed(places: Places, load_id: str) -> None:
    """Raise `ArgumentRefused` when the load with this id is in the tables, or was."""
    if is_committed(places, load_id):
        raise ArgumentRefused(
            f"The load '{load_id}' is in the tables already.",
            expected="the id of a load that is not",
            remedy="Ask is_loaded() before staging rows a second time.",
            details={"load_id": load_id},
        )


def read_load(places: Places, load_id: str) -> LoadRecord:
    """The record of one committed load. Raises `LoadUnknown`."""
    found = _own(places, load_id)
    folded = None if found is not None else ledger.find(places, load_id)
    if found is None and folded is None:
        raise LoadUnknown(
            f"There is no load '{load_id}'.",
            expected="the id of a committed load",
            remedy="See: regulars loads",
            details={"load_id": load_id},
        )
    return found or LoadRecord.from_dict(folded or {})


def load_marks(places: Places, *, leave_out: Collection[str] = ()) -> dict[str, int]:
    """By load id a number that changes when the load is undone: who follows the loads need not read them all again.

    Loads from the sources `leave_out` are named only where they are undone. Leave out the source of the many, and few are read.
    """
    own = _own_marks(places)
    marks: dict[str, int] = {}
    for path in ledger.folded_files(places):
        if leave_out:
            found = path.stat()
            marks.update(_month_marks(path, (found.st_mtime_ns, found.st_ino), frozenset(leave_out)))
            continue
        with ledger.Folded(path) as month:
            rows = month.rows(["load_id", "mark"])
        marks.update(zip(rows["load_id"].to_pylist(), rows["mark"].to_pylist(), strict=True))
    for load_id, mark in own.items():
        if leave_out and not _matters(places, load_id, mark, leave_out):
            marks.pop(load_id, None)
        else:
            marks[load_id] = mark
    return marks


def latest_loaded_at(places: Places, *, leave_out: str) -> datetime | None:
    """When the latest load that holds was made, those from the source `leave_out` aside; reads a few records, however many there are."""
    found: datetime | None = None
    own = _own_marks(places)
    youngest = {load_id: _no_later_than(load_id, mark) for load_id, mark in own.items()}
    for load_id in sorted(own, key=youngest.__getitem__, reverse=True):
        if found is not None and youngest[load_id] < found.timestamp():
            break
        record = _own(places, load_id) or read_load(places, load_id)
        if not record.undone and record.source != leave_out:
            found = record.loaded_at if found is None else max(found, record.loaded_at)
    for summary in _summaries(places, own):
        for source, held in summary.by_source.items():
            if source != leave_out:
                loaded_at = datetime.fromisoformat(held.latest)
                found = loaded_at if found is None else max(found, loaded_at)
    return found


def _no_later_than(load_id: str, mark: int) -> float:
    """What the instant of a load cannot be after: when its record was written, or nothing where that was lost (in a copy, say).

    Its id says nothing of that: it may be given long before, where the process that was to make the load stood still meanwhile.
    """
    written = mark / 1e9 + _COARSE_SECONDS
    return written if written >= _given(load_id).timestamp() else math.inf


def count_loads(places: Places) -> LoadCounts:
    """How many loads hold, and how many rows they brought; of folded ones only the summaries are read."""
    loads, rows, last = 0, 0, ""
    own = _own_marks(places)
    for record in _own_records(places, own).values():
        if not record.undone:
            loads, rows, last = loads + 1, rows + sum(record.rows.values()), max(last, record.load_id)
    for summary in _summaries(places, own):
        for held in summary.by_source.values():
            loads, rows, last = loads + held.loads, rows + held.rows, max(last, held.last)
    return LoadCounts(loads, rows, last)


def read_loads(places: Places, *, leave_out: Collection[str] = (), latest: int | None = None) -> list[LoadRecord]:
    """The committed loads in the order of their ids: all, or those that are not from the sources `leave_out`, or only the latest of them."""
    own = _own_marks(places)
    records = {
        load_id: record for load_id, record in _own_records(places, own, leave_out=leave_out).items() if record.source not in leave_out
    }
    for month in ledger.opened(places):
        if latest is not None and sum(load_id > month.summary.last for load_id in records) >= latest:
            break
        if leave_out and not month.summary.undone and set(month.summary.by_source) <= set(leave_out):
            continue
        ids = month.rows(["load_id", "source"])
        if leave_out:
            ids = ids.filter(pc.invert(pc.is_in(ids["source"], pa.array(sorted(leave_out), pa.string()))))
        if latest is not None:
            ids = ids.slice(max(0, ids.num_rows - latest - len(own)))
        rows = month.rows(["load_id", "record"], ids=set(ids["load_id"].to_pylist()) if leave_out or latest is not None else None)
        for load_id, text in zip(rows["load_id"].to_pylist(), rows["record"].to_pylist(), strict=True):
            if load_id not in own:
                records[load_id] = LoadRecord.from_dict(json.loads(text))
    found = [records[load_id] for load_id in sorted(records)]
    return found if latest is None else found[-latest:]


def foldable(places: Places, now: datetime) -> list[str]:
    """The loads whose records may be folded now."""
    oldest = now.astimezone(UTC) - FOLD_AFTER
    return sorted(load_id for load_id in _own_marks(places) if _given(load_id) < oldest)


def _own_marks(places: Places) -> dict[str, int]:
    """The loads that have a record of their own, and when it was written."""
    found: dict[str, int] = {}
    if not places.loads.is_dir():
        return found
    with os.scandir(places.loads) as entries:
        for entry in entries:
            if entry.name.endswith(".json"):
                try:
                    found[entry.name.removesuffix(".json")] = entry.stat().st_mtime_ns
                except FileNotFoundError:
                    continue
    return found


def _own(places: Places, load_id: str) -> LoadRecord | None:
    try:
        return LoadRecord.from_dict(json.loads((places.loads / f"{check_load_id(load_id)}.json").read_bytes()))
    except FileNotFoundError:
        return None


def _own_records(places: Places, own: Mapping[str, int], *, leave_out: Collection[str] = ()) -> dict[str, LoadRecord]:
    """The records that lie in a file each; what is folded meanwhile is found there."""
    found: dict[str, LoadRecord] = {}
    for load_id, mark in own.items():
        if leave_out and _kind(places, load_id, mark)[0] in leave_out:
            continue
        record = _own(places, load_id) or read_load(places, load_id)
        found[load_id] = record
    return found


@lru_cache(maxsize=256)
def _month_marks(path: Path, changed: tuple[int, int], leave_out: frozenset[str]) -> dict[str, int]:
    """The marks of a month's folded loads that are undone or from others than `leave_out`; read once as long as the file stays."""
    del changed
    with ledger.Folded(path) as month:
        if not month.summary.undone and set(month.summary.by_source) <= leave_out:
            return {}
        rows = month.rows(["load_id", "mark", "source", "undone"])
    rows = rows.filter(pc.or_(rows["undone"], pc.invert(pc.is_in(rows["source"], pa.array(sorted(leave_out), pa.string())))))
    return dict(zip(rows["load_id"].to_pylist(), rows["mark"].to_pylist(), strict=True))


def _matters(places: Places, load_id: str, mark: int, leave_out: Collection[str]) -> bool:
    source, undone = _kind(places, load_id, mark)
    return undone or source not in leave_out


@lru_cache(maxsize=16_384)
def _kind(places: Places, load_id: str, mark: int) -> tuple[str, bool]:
    """The source of a load that has a record of its own, and whether it is undone; read once as long as its mark stays."""
    del mark
    record = read_load(places, load_id)
    return record.source, record.undone


def _summaries(places: Places, own: Collection[str]) -> Iterator[Summary]:
    """What holds in each month of folded records, the newest first, without those that a record of its own overrules."""
    for month in ledger.opened(places):
        yield _without(month, own)


def _without(month: Folded, own: Collection[str]) -> Summary:
    near = {load_id for load_id in own if month.summary.first <= load_id <= month.summary.last}
    if not near or not month.rows(["load_id"], ids=near).num_rows:
        return month.summary
    rows = month.rows(["load_id", "loaded_at", "source", "undone", "row_count"])
    return Summary.of(rows.filter(pc.invert(pc.is_in(rows["load_id"], pa.array(sorted(near), pa.string())))))


def _given(load_id: str) -> datetime:
    return datetime.strptime(load_id.partition("Z")[0] + "+0000", "%Y%m%dT%H%M%S%f%z")
