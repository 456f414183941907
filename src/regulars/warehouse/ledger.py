"""Folded load records: those of a month in one file, when there are many.

A load leaves a record of its own in `loads/`. Under steady traffic that would be three million files a year; so records that are no longer young are
folded into `loads/folded/<year>-<month>.parquet`, by the time in their id. A record of its own overrules the folded one: it is what an undo leaves.
Whoever reads takes the records of their own first and the folded ones then, since a record goes only after the file that holds it is on the disk.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulars.warehouse.files import disk_room, sync_file, sync_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from regulars.warehouse.changes import Places

SCHEMA = pa.schema(
    [
        pa.field("load_id", pa.string()),
        pa.field("loaded_at", pa.string()),
        pa.field("source", pa.string()),
        pa.field("undone", pa.bool_()),
        pa.field("row_count", pa.int64()),
        pa.field("mark", pa.int64()),
        pa.field("record", pa.string()),
    ]
)
"""`record` is the whole record as it stood in its own file, `mark` when that was written; the other columns say what is asked of many at once."""
_SUMMARY = b"summary"
_GROUP_ROWS = 8_192


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """The loads of one source that hold: how many, how many rows they brought, the last id, and when the latest was loaded."""

    loads: int = 0
    rows: int = 0
    last: str = ""
    latest: str = ""

    def plus(self, load_id: str, loaded_at: str, rows: int) -> SourceSummary:
        """With one load more."""
        return SourceSummary(self.loads + 1, self.rows + rows, max(self.last, load_id), max(self.latest, loaded_at))


@dataclass(frozen=True, slots=True)
class Summary:
    """What a file says of itself in its footer: the first and the last id in it, how many were undone, and what holds by source."""

    first: str = ""
    last: str = ""
    undone: int = 0
    by_source: dict[str, SourceSummary] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: pa.Table) -> Summary:
        """The summary of these rows."""
        by_source: dict[str, SourceSummary] = {}
        columns = [rows[name].to_pylist() for name in ("load_id", "loaded_at", "source", "row_count", "undone")]
        undone = 0
        for load_id, loaded_at, source, count, is_undone in zip(*columns, strict=True):
            if is_undone:
                undone += 1
            else:
                by_source[source] = by_source.get(source, SourceSummary()).plus(load_id, loaded_at, count)
        return cls(min(columns[0], default=""), max(columns[0], default=""), undone, by_source)

    @classmethod
    def from_json(cls, text: bytes) -> Summary:
        """The summary that a footer holds."""
        found = json.loads(text)
        return cls(**{**found, "by_source": {source: SourceSummary(**values) for source, values in found["by_source"].items()}})


class Folded:
    """The folded records of one month. Opened once: a later folding replaces the file and changes nothing for whoever reads it. Close it after use."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        self.summary = Summary.from_json(self._file.metadata.metadata[_SUMMARY])

    def __enter__(self) -> Folded:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def rows(self, columns: Sequence[str], *, ids: Collection[str] | None = None) -> pa.Table:
        """These columns of all records, or of those with these ids."""
        if ids is None:
            return self._file.read(columns=list(columns))
        wanted = [group for group in range(self._file.num_row_groups) if self._may_hold(group, ids)]
        if not wanted:
            return pa.schema([SCHEMA.field(name) for name in columns]).empty_table()
        found = self._file.read_row_groups(wanted, columns=list(dict.fromkeys(["load_id", *columns])))
        return found.filter(pc.is_in(found["load_id"], pa.array(sorted(ids), pa.string()))).select(list(columns))

    def _may_hold(self, group: int, ids: Collection[str]) -> bool:
        found = self._file.metadata.row_group(group).column(0).statistics
        return found is None or not found.has_min_max or any(found.min <= load_id <= found.max for load_id in ids)


def path_for(places: Places, load_id: str) -> Path:
    """The file that the record of this load is folded into."""
    return places.folded / f"{load_id[:4]}-{load_id[4:6]}.parquet"


def folded_files(places: Places) -> list[Path]:
    """All files of folded records, the newest month first."""
    return sorted(places.folded.glob("????-??.parquet"), reverse=True) if places.folded.is_dir() else []


def opened(places: Places) -> Iterator[Folded]:
    """All folded records, a month at a time, the newest first."""
    for path in folded_files(places):
        with Folded(path) as month:
            yield month


def find(places: Places, load_id: str) -> dict[str, Any] | None:
    """The folded record of this load."""
    try:
        with Folded(path_for(places, load_id)) as month:
            found = (
                month.rows(["record"], ids={load_id})["record"].to_pylist() if month.summary.first <= load_id <= month.summary.last else []
            )
    except FileNotFoundError:
        return None
    return json.loads(found[0]) if found else None


def fold(places: Places, load_ids: Iterable[str]) -> int:
    """Fold the records of these loads, which have one of their own; says how many.

    The caller shares the workspace lock, so that nobody undoes a load or erases a person meanwhile, and is the only one that folds.
    """
    places.folded.mkdir(exist_ok=True)
    for left in places.folded.glob(".*"):
        left.unlink()
    count = 0
    with disk_room(places.folder):
        for _, month in groupby(sorted(load_ids), key=lambda load_id: path_for(places, load_id)):
            count += _fold_month(places, list(month))
    return count


def _fold_month(places: Places, load_ids: list[str]) -> int:
    target = path_for(places, load_ids[0])
    rows = _rows_of(places, load_ids)
    if target.exists():
        with Folded(target) as before:
            kept = before.rows(SCHEMA.names)
        kept = kept.filter(pc.invert(pc.is_in(kept["load_id"], rows["load_id"].combine_chunks())))
        rows = pa.concat_tables([kept.cast(SCHEMA), rows]).sort_by("load_id")
    write(target, rows)
    for load_id in load_ids:
        (places.loads / f"{load_id}.json").unlink(missing_ok=True)
    sync_folder(places.loads)
    return len(load_ids)


def _rows_of(places: Places, load_ids: list[str]) -> pa.Table:
    found = []
    for load_id in load_ids:
        path = places.loads / f"{load_id}.json"
        mark, record = path.stat().st_mtime_ns, json.loads(path.read_bytes())
        found.append(
            {
                "load_id": load_id,
                "loaded_at": record["loaded_at"],
                "source": record["source"],
                "undone": bool(record.get("undone")),
                "row_count": sum(record.get("rows", {}).values()),
                "mark": mark,
                "record": as_text(record),
            }
        )
    return pa.Table.from_pylist(found, schema=SCHEMA)


def as_text(record: dict[str, Any]) -> str:
    """A record as it is kept folded."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def write(target: Path, rows: pa.Table) -> None:
    """Write folded records, in the order of their ids, so that after a crash the file holds the old ones or the new ones."""
    aside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        summary = json.dumps(asdict(Summary.of(rows))).encode()
        with pq.ParquetWriter(aside, SCHEMA, compression="zstd", write_statistics=["load_id"], store_schema=False) as writer:
            writer.add_key_value_metadata({_SUMMARY: summary})
            writer.write_table(rows, row_group_size=_GROUP_ROWS)
        sync_file(aside)
        aside.replace(target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)
