"""Rewriting rows of several tables at once: what undo, compaction, merging and erasure have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from regulars.tables import TABLES
from regulars.warehouse.changes import Manifest, Places, Staging
from regulars.warehouse.files import disk_room, sync_file, write_json
from regulars.warehouse.store import ROW_GROUP_ROWS, RowWriter, Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

SORTED = "sorted-"
"""Files with this prefix were written by compaction."""
MERGED = "merged-"
"""Files with this prefix were merged from small ones: sorted each for itself, so that a customer may be in several. Compaction sorts them anew."""


class Rewrite:
    """Files that replace others, staged until `commit`. A context manager like `Load`.

    The caller holds the workspace lock alone, or shares it and is the only one who takes files out, as merging does.
    """

    def __init__(self, places: Places, store: Store, change_id: str, *, kind: str) -> None:
        self.change_id = change_id
        self.places = places
        self.store = store
        self._kind = kind
        self._add: dict[str, list[tuple[str, int]]] = {}
        self._remove: dict[str, list[str]] = {}
        self._moves: list[tuple[str, str]] = []
        self._delete: list[str] = []
        self._done = False
        with disk_room(places.folder):
            self._staging = Staging(places, change_id, kind=kind)

    @property
    def folder(self) -> Path:
        """The staging folder, for files in between."""
        return self._staging.folder

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do so far."""
        return not (self._add or self._remove or self._moves or self._delete)

    def remove(self, table: str, names: Iterable[str]) -> None:
        """Take active files out of a table."""
        self._remove.setdefault(table, []).extend(names)

    def add(self, table: str, rows: Iterable[pa.Table], *, prefix: str = "") -> int:
        """Stage one new file of a table; without rows there is none. Returns the number of rows."""
        ordinal = len(self._add.get(table, ()))
        name = f"{prefix}{self.change_id}-{table}-{ordinal:03d}.parquet"
        writer: RowWriter | None = None
        with disk_room(self.places.folder):
            for part in rows:
                if not part.num_rows:
                    continue
                writer = writer or RowWriter(self.folder / name, TABLES[table])
                writer.write(part.cast(TABLES[table].arrow_schema))
            if writer is None:
                return 0
            writer.close()
        self._add.setdefault(table, []).append((name, writer.rows))
        return writer.rows

    def replace_json(self, target: str, value: Any, *, mode: int = 0o644) -> None:
        """Stage the new content of a JSON file of the workspace folder."""
        name = target.replace("/", "-")
        with disk_room(self.places.folder):
            write_json(self.folder / name, value, mode=mode)
        self._moves.append((name, target))

    def replace_parquet(self, target: str, rows: pa.Table) -> None:
        """Stage the new content of a Parquet file of the workspace folder that belongs to no table."""
        name = target.replace("/", "-")
        with disk_room(self.places.folder):
            pq.write_table(rows, self.folder / name, compression="zstd", write_statistics=False)
            sync_file(self.folder / name)
        self._moves.append((name, target))

    def replace_file(self, target: str) -> Path:
        """Where to write the new content of any other file of the workspace folder, and force it to the disk."""
        name = target.replace("/", "-")
        self._moves.append((name, target))
        return self.folder / name

    def delete(self, target: str) -> None:
        """Delete a file of the workspace folder."""
        self._delete.append(target)

    def commit(self, *, empties_cache: bool, purges: Sequence[str] = ()) -> None:
        """Replace the files, in all tables or in none."""
        with disk_room(self.places.folder):
            self._staging.seal(
                Manifest(
                    change_id=self.change_id,
                    kind=self._kind,
                    add=self._add,
                    remove=self._remove,
                    moves=self._moves,
                    delete=self._delete,
                    empties_cache=empties_cache,
                    purges=list(purges),
                )
            )
        self._done = True
        self._staging.apply(self.store)

    def __enter__(self) -> Rewrite:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._done and not self._staging.is_sealed:
            self._staging.drop()


def stored_rows(path: Path, columns: Sequence[str] | None = None, *, dictionaries: Sequence[str] = ()) -> Iterator[pa.Table]:
    """The rows of a Parquet file, part by part; the columns `dictionaries` come dictionary-encoded."""
    with pq.ParquetFile(path, read_dictionary=list(dictionaries) or None) as file:
        for batch in file.iter_batches(batch_size=ROW_GROUP_ROWS, columns=list(columns) if columns is not None else None):
            yield pa.Table.from_batches([batch])
