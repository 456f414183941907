"""Compaction: many small files in the order of arrival become few, in which the rows of a customer lie together."""

from __future__ import annotations

import zlib
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulars.tables import TABLES
from regulars.warehouse.files import disk_room
from regulars.warehouse.loads import new_change_id
from regulars.warehouse.rewriting import SORTED, Rewrite, stored_rows
from regulars.warehouse.store import RowWriter

if TYPE_CHECKING:
    from pathlib import Path

    from regulars.warehouse.changes import Places
    from regulars.warehouse.store import Store

_BUCKET_ROWS = 500_000
_MOST_BUCKETS = 64
_HELD_ROWS = 8_192
SPARED_HOURS = 1
"""Files removed less than this ago stay: a query may have pinned them."""


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
        store.vacuum(table, retention_hours=SPARED_HOURS)
        state = store.state(table)
        counts[table] = len(state.rows_by_file) if state else 0
    return counts


def _rewrite_sorted(rewrite: Rewrite, store: Store, table: str, rows: int, names: list[str]) -> None:
    count = min(_MOST_BUCKETS, -(-rows // _BUCKET_ROWS)) or 1
    paths = [rewrite.folder / f"bucket-{table}-{number}.parquet" for number in range(count)]
    with disk_room(rewrite.places.folder):
        _distribute(store, table, names, paths)
    rewrite.remove(table, names)
    for path in paths:
        if path.exists():
            rewrite.add(table, [_in_customer_order(pa.concat_tables(stored_rows(path)))], prefix=SORTED)
            path.unlink()


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
