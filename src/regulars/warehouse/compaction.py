"""Compaction: many small files in the order of arrival become few, in which the rows of a customer lie together.

`compact_tables` rewrites everything, for which nobody else may change the workspace. `merge_small_files` is for every day: it merges small files
of like size, as loads append, so that a row is rewritten two or three times in its life and not each time that sixty-four loads have come.
"""

from __future__ import annotations

import os
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulars.tables import TABLES
from regulars.warehouse.changes import settled
from regulars.warehouse.files import disk_room
from regulars.warehouse.loads import new_change_id
from regulars.warehouse.lock import reading
from regulars.warehouse.rewriting import MERGED, SORTED, Rewrite, stored_rows
from regulars.warehouse.store import RowWriter

if TYPE_CHECKING:
    from pathlib import Path

    from regulars.warehouse.changes import Places
    from regulars.warehouse.store import Store

_BUCKET_ROWS = 500_000
"""The most rows of a file that was sorted, more or less: what has more is divided by customer."""
_SMALL_PART = 3
"""A file is small below this part of `_BUCKET_ROWS`: what a merge divides has at least half of it, and must not count as small again."""
_MOST_BUCKETS = 64
_HELD_ROWS = 8_192
SPARED_HOURS = 1
"""Files removed less than this ago stay: a query may have pinned them."""
MOST_SMALL_FILES = 64
"""Small files of one table from which on merging pays; at one load every ten seconds that is eleven minutes."""


def compact_tables(places: Places, store: Store) -> dict[str, int]:
    """Rewrite tables of more than one file into customer buckets; the caller holds the workspace lock alone.

    Returns the number of files each table has now. Sorting is done bucket by bucket, so that memory stays bounded.
    """
    for table in store.tables():
        state = store.state(table)
        if state is None or len(state.rows_by_file) < 2 or all(name.startswith(SORTED) for name in state.rows_by_file):
            continue
        with Rewrite(places, store, new_change_id(), kind="compaction") as rewrite:
            _rewrite_sorted(rewrite, store, table, state.rows, list(state.rows_by_file))
            rewrite.commit(empties_cache=False)
    counts = {}
    for table in store.tables():
        vacuum_table(places, store, table)
        state = store.state(table)
        counts[table] = len(state.rows_by_file) if state else 0
    return counts


def merge_small_files(places: Places, store: Store) -> dict[str, int]:
    """Merge small files of the tables that have many; says how many files each of these has then.

    The caller shares the workspace lock with those who append, and is the only one that merges.
    """
    counts = {}
    for table in store.tables():
        # What is chosen here belongs to changes that are whole, and stays as it is: only who has the workspace alone takes files out.
        with settled(places, store):
            state = store.state(table)
        names = _of_like_size(state.rows_by_file) if state else []
        if state is None or not names:
            continue
        with Rewrite(places, store, new_change_id(), kind="merging small files") as rewrite:
            _rewrite_sorted(rewrite, store, table, sum(state.rows_by_file[name] for name in names), names, prefix=MERGED)
            rewrite.commit(empties_cache=False)
        with reading(places.commit_lock):
            after = store.state(table)
        counts[table] = len(after.rows_by_file) if after else 0
    return counts


def has_small_files(places: Places, store: Store) -> bool:
    """Whether there is something for `merge_small_files` to do."""
    with reading(places.commit_lock):
        return any(_of_like_size(state.rows_by_file) for table in store.tables() if (state := store.state(table)) is not None)


def _of_like_size(rows_by_file: dict[str, int]) -> list[str]:
    """The small files to be merged: the smallest, and each next one that is no larger than all before it together.

    So what was merged is merged again only with as many rows as it has, and is left alone once it is no longer small.
    """
    small = sorted((rows, name) for name, rows in rows_by_file.items() if rows * _SMALL_PART < _BUCKET_ROWS)
    if len(small) < MOST_SMALL_FILES:
        return []
    chosen: list[str] = []
    together = 0
    for rows, name in small:
        if len(chosen) > 1 and rows > together:
            break
        chosen.append(name)
        together += rows
    return chosen


def vacuum_table(places: Places, store: Store, table: str) -> None:
    """Delete the files of a table that were taken out an hour ago or earlier."""
    # Alone, and with nothing half done: a file that is in the folder and not yet in the table is on its way into it.
    with settled(places, store, alone=True, what="a clean-up"):
        store.vacuum(table, retention_hours=SPARED_HOURS)


def tables_with_remains(places: Places, store: Store, now: float) -> list[str]:
    """The tables in whose folders lie files that no query needs any more."""
    found = []
    for table in store.tables():
        with reading(places.commit_lock):
            state = store.state(table)
            with os.scandir(store.path(table)) as entries:
                spare = [e for e in entries if e.name.endswith(".parquet") and (state is None or e.name not in state.rows_by_file)]
            # When a file was written is soon said, when it was taken out stands in the log.
            old = any(entry.stat().st_mtime < now - SPARED_HOURS * 3600 for entry in spare)
            if old and store.has_remains(table, retention_hours=SPARED_HOURS):
                found.append(table)
    return found


def _rewrite_sorted(rewrite: Rewrite, store: Store, table: str, rows: int, names: list[str], *, prefix: str = SORTED) -> None:
    count = _parts(rows)
    if count == 1:
        rewrite.remove(table, names)
        parts = [part for name in names for part in stored_rows(store.path(table) / name)]
        rewrite.add(table, [_in_customer_order(pa.concat_tables(parts).cast(TABLES[table].arrow_schema))], prefix=prefix)
        return
    paths = [rewrite.folder / f"bucket-{table}-{number}.parquet" for number in range(count)]
    with disk_room(rewrite.places.folder):
        _distribute(store, table, names, paths)
    rewrite.remove(table, names)
    for path in paths:
        if path.exists():
            rewrite.add(table, [_in_customer_order(pa.concat_tables(stored_rows(path)))], prefix=prefix)
            path.unlink()


def _parts(rows: int) -> int:
    """Into how many files so many rows are sorted."""
    return min(_MOST_BUCKETS, -(-rows // _BUCKET_ROWS)) or 1


def _distribute(store: Store, table: str, names: list[str], paths: list[Path]) -> None:
    writers: dict[int, RowWriter] = {}
    for name in names:
        for rows in stored_rows(store.path(table) / name):
            bucket = _buckets(rows, len(paths))
            together = rows.cast(TABLES[table].arrow_schema).take(pa.array(np.argsort(bucket, kind="stable")))
            ends = np.cumsum(np.bincount(bucket, minlength=len(paths))).tolist()
            for number, (start, end) in enumerate(pairwise([0, *ends])):
                if end > start:
                    if number not in writers:
                        writers[number] = RowWriter(paths[number], TABLES[table], group_rows=_HELD_ROWS, compression="lz4")
                    writers[number].write(together.slice(start, end - start))
    for writer in writers.values():
        writer.close()


def _buckets(rows: pa.Table, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The bucket of each row: by its identity or, where it concerns nobody, by its key."""
    if count == 1:
        return np.zeros(rows.num_rows, dtype=np.int64)
    encoded = pc.coalesce(rows["identity_id"], rows["row_key"]).combine_chunks().dictionary_encode()
    by_value = np.array([zlib.crc32(value.encode()) % count for value in encoded.dictionary.to_pylist()], dtype=np.int64)
    return np.asarray(by_value[encoded.indices.to_numpy(zero_copy_only=False)], dtype=np.int64)


def _in_customer_order(rows: pa.Table) -> pa.Table:
    return rows.sort_by([("identity_id", "ascending"), ("occurred_at", "ascending"), ("row_key", "ascending")])
