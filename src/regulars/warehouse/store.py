"""The store: one Delta table per canonical table, changed only by adding and removing whole Parquet files.

Files are written by us and committed by name, so nothing but their names and row counts ever stands in the Delta log: an id in a
min/max statistic or in a delete predicate would outlive the person it belongs to.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from regulars.errors import StoreConflict, StoreUnsupported
from regulars.tables import TABLES, Erase, Table
from regulars.warehouse.files import sync_file, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pyarrow.parquet as pq
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction, RemoveAction

ROW_GROUP_ROWS = 122_880
"""Rows of a Parquet row group: what DuckDB reads in one go."""
_GROUP_BYTES = 64 << 20
_READER_FEATURES = {"timestampNtz"}
_WRITER_FEATURES = {"timestampNtz", "appendOnly", "invariants"}
_CONFIGURATION = {
    # Old log entries go at the next checkpoint; a removed file stays long enough for a query that has pinned it.
    "delta.logRetentionDuration": "interval 0 days",
    "delta.deletedFileRetentionDuration": "interval 1 hours",
    "delta.enableExpiredLogCleanup": "true",
    "delta.checkpointInterval": "50",
}
_TRIES = 5


@dataclass(frozen=True, slots=True)
class TableState:
    """A table at one version: its active files, by name, and the rows in each."""

    version: int
    rows_by_file: dict[str, int]

    @property
    def rows(self) -> int:
        return sum(self.rows_by_file.values())


class Store:
    """The Delta tables under `folder`, one subfolder each; a table is created by its first commit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: dict[str, TableState] = {}
        self._guard = threading.Lock()

    def path(self, table: str) -> Path:
        """The folder of a table."""
        return self.folder / table

    def tables(self) -> list[str]:
        """Names of the tables that exist, in the order of the catalogue."""
        return [name for name in TABLES if (self.path(name) / "_delta_log").is_dir() and _latest_version(self.path(name)) is not None]

    def state(self, table: str) -> TableState | None:
        """The table's newest version; None when nothing was ever written to it. Raises `StoreUnsupported` for foreign features."""
        latest = _latest_version(self.path(table))
        if latest is None:
            return None
        with self._guard:
            seen = self._seen.get(table)
        if seen is not None and seen.version == latest:
            return seen
        opened = self._open(table)
        actions = pa.table(opened.get_add_actions(flatten=True))
        names = actions.column("path").to_pylist()
        rows = actions.column("num_records").to_pylist()
        state = TableState(opened.version(), {name: self._rows(table, name, count) for name, count in zip(names, rows, strict=True)})
        with self._guard:
            self._seen[table] = state
        return state

    def has(self, table: str, *, add: Sequence[tuple[str, int]], remove: Iterable[str]) -> bool:
        """Whether the change that adds and removes these files has been committed to the table.

        Files bear the id of their change and are added once, so one active file of it says that it was; a change that adds nothing was when
        nothing is left of what it removes. It holds as long as nobody takes out files of a change that other tables still lack: whoever
        does looks at the tables while they are `settled`.
        """
        state = self.state(table)
        active = state.rows_by_file if state else {}
        return any(name in active for name, _ in add) if add else not any(name in active for name in remove)

    def commit(self, table: str, change_id: str, *, add: Sequence[tuple[str, int]], remove: Iterable[str] = ()) -> None:
        """Commit files that lie in the table's folder (name, rows) and take others out, unless the table has this change.

        The log keeps no transaction id: one for each load would stand in every checkpoint for ever.
        """
        from deltalake import CommitProperties, PostCommitHookProperties
        from deltalake.exceptions import CommitFailedError

        gone = set(remove)
        for attempt in range(_TRIES):
            if self.has(table, add=add, remove=gone):
                return
            opened = self._open_or_create(table)
            try:
                opened.create_write_transaction(
                    self._actions(table, add, gone),
                    mode="append",
                    schema=opened.schema(),
                    commit_properties=CommitProperties(custom_metadata={"change": change_id}, max_commit_retries=0),
                    post_commithook_properties=PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=True),
                )
            except CommitFailedError:
                if attempt == _TRIES - 1:
                    raise
                time.sleep(0.05 * (attempt + 1))
                continue
            self._committed(table, opened.version(), add, gone)
            self._sync_log(table)
            return

    def _committed(self, table: str, before: int, add: Sequence[tuple[str, int]], gone: set[str]) -> None:
        """Note the version after our own commit, so that the table is not opened again to be told what we did."""
        with self._guard:
            seen = self._seen.get(table)
            if seen is not None and seen.version == before:
                kept = {name: rows for name, rows in seen.rows_by_file.items() if name not in gone}
                self._seen[table] = TableState(before + 1, {**kept, **dict(add)})

    def expect_active(self, table: str, names: Iterable[str]) -> None:
        """Raise `StoreConflict` unless all these files are active."""
        state = self.state(table)
        missing = set(names) - set(state.rows_by_file if state else ())
        if missing:
            raise StoreConflict(
                f"The table '{table}' was changed meanwhile: {len(missing)} of the files to be replaced are gone.",
                expected="that nobody writes to a workspace while its rows are rewritten",
                remedy="Run the same command again.",
            )

    def vacuum(self, table: str, *, retention_hours: int) -> None:
        """Delete files that no version younger than `retention_hours` needs, checkpoint, and drop the log before it."""
        if _latest_version(self.path(table)) is None:
            return
        opened = self._open(table)
        opened.vacuum(retention_hours, dry_run=False, enforce_retention_duration=False, full=True)
        opened = self._open(table)
        opened.create_checkpoint()
        opened.cleanup_metadata()
        if retention_hours == 0:
            self._drop_old_log(table, opened.version())
        sync_folder(self.path(table) / "_delta_log")

    def has_remains(self, table: str, *, retention_hours: int) -> bool:
        """Whether `vacuum` would delete anything."""
        return bool(self._open(table).vacuum(retention_hours, dry_run=True, enforce_retention_duration=False, full=True))

    def _drop_old_log(self, table: str, version: int) -> None:
        log = self.path(table) / "_delta_log"
        for entry in log.iterdir():
            number = entry.name.split(".")[0]
            if number.isdigit() and int(number) < version:
                entry.unlink(missing_ok=True)

    def _actions(self, table: str, add: Sequence[tuple[str, int]], remove: set[str]) -> list[AddAction | RemoveAction]:
        from deltalake.transaction import AddAction, RemoveAction

        actions: list[AddAction | RemoveAction] = []
        for name, rows in add:
            found = (self.path(table) / name).stat()
            actions.append(AddAction(name, found.st_size, {}, int(found.st_mtime * 1000), True, json.dumps({"numRecords": rows})))
        now = int(time.time() * 1000)
        for name in sorted(remove):
            size = 0
            with contextlib.suppress(FileNotFoundError):
                size = (self.path(table) / name).stat().st_size
            actions.append(RemoveAction(name, True, now, size, {}))
        return actions

    def _rows(self, table: str, name: str, count: int | None) -> int:
        if count is not None:
            return count
        import pyarrow.parquet as pq

        return int(pq.read_metadata(self.path(table) / name).num_rows)

    def _open_or_create(self, table: str) -> DeltaTable:
        if _latest_version(self.path(table)) is None:
            from deltalake import DeltaTable

            self.path(table).mkdir(parents=True, exist_ok=True)
            DeltaTable.create(str(self.path(table)), schema=TABLES[table].arrow_schema, mode="ignore", configuration=_CONFIGURATION)
        return self._open(table)

    def _open(self, table: str) -> DeltaTable:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        for attempt in range(_TRIES):
            try:
                opened = DeltaTable(str(self.path(table)))
                break
            except DeltaError as error:
                # Somebody may have dropped old log entries between our look at the folder and the reading of them.
                if attempt < _TRIES - 1:
                    time.sleep(0.02)
                    continue
                raise StoreUnsupported(
                    f"The stored table '{table}' cannot be opened: {error}.",
                    expected="a Delta table as Regulars writes them",
                    remedy="Restore the folder from a backup, or import the original files into a new workspace.",
                    details={"table": table},
                ) from error
        _refuse_foreign_features(table, opened)
        return opened

    def _sync_log(self, table: str) -> None:
        log = self.path(table) / "_delta_log"
        latest = _latest_version(self.path(table))
        with contextlib.suppress(FileNotFoundError):
            sync_file(log / f"{latest:020d}.json")
        sync_folder(log)
        sync_folder(self.path(table))


class RowWriter:
    """Writes rows of a table to one Parquet file, in row groups of an even size whatever the size of the batches."""

    def __init__(self, path: Path, table: Table, *, group_rows: int = ROW_GROUP_ROWS, compression: str = "zstd") -> None:
        import pyarrow.parquet as pq

        self.rows = 0
        self._group_rows = group_rows
        self._schema = table.arrow_schema
        self._held: list[pa.Table] = []
        self._held_rows = 0
        self._held_bytes = 0
        self._path = path
        self._writer: pq.ParquetWriter = pq.ParquetWriter(
            path, self._schema, compression=compression, write_statistics=columns_with_statistics(table), store_schema=False
        )

    def write(self, rows: pa.Table) -> None:
        """Take rows; they reach the file when a row group is full."""
        self._held.append(rows)
        self._held_rows += rows.num_rows
        self._held_bytes += rows.nbytes
        self.rows += rows.num_rows
        if self._held_bytes >= _GROUP_BYTES:
            self._flush(self._held_rows)
        elif self._held_rows >= self._group_rows:
            self._flush(self._held_rows - self._held_rows % self._group_rows)

    def close(self) -> None:
        """Write what is held, and force the file to the disk."""
        if self._held_rows:
            self._flush(self._held_rows)
        self._writer.close()
        sync_file(self._path)

    def abandon(self) -> None:
        """Stop writing; the file is worth nothing."""
        self._held = []
        with contextlib.suppress(OSError):
            self._writer.close()

    def _flush(self, count: int) -> None:
        held = pa.concat_tables(self._held)
        self._writer.write_table(held.slice(0, count), row_group_size=self._group_rows)
        rest = held.slice(count)
        self._held = [rest] if rest.num_rows else []
        self._held_rows, self._held_bytes = rest.num_rows, rest.nbytes


def columns_with_statistics(table: Table) -> list[str]:
    """The columns whose least and greatest value may stand in a file's footer: those that say nothing about who."""
    return [c.name for c in table.columns if c.erase is Erase.KEEP and c.name != "account_id"] + ["occurred_at", "recorded_at"]


def _latest_version(path: Path) -> int | None:
    """The newest version by the names in the log: far cheaper than opening the table."""
    try:
        with os.scandir(path / "_delta_log") as entries:
            return max(
                (int(e.name[:20]) for e in entries if e.name[:20].isdigit() and e.name.endswith(".json") and len(e.name) == 25),
                default=None,
            )
    except FileNotFoundError:
        return None


def _refuse_foreign_features(table: str, opened: DeltaTable) -> None:
    protocol = opened.protocol()
    readers = set(protocol.reader_features or ())
    writers = set(protocol.writer_features or ())
    mapped = opened.metadata().configuration.get("delta.columnMapping.mode", "none")
    foreign = (readers - _READER_FEATURES) | (writers - _WRITER_FEATURES) | ({"columnMapping"} if mapped != "none" else set())
    if foreign or (protocol.min_reader_version == 2):
        raise StoreUnsupported(
            f"The stored table '{table}' uses {', '.join(sorted(foreign)) or 'column mapping'}, which a reader of its files would misread.",
            expected="a Delta table without deletion vectors, column mapping or other features that change how its files are read",
            remedy="Rewrite the table without that feature, or import the original files into a new workspace.",
            details={"table": table, "features": sorted(foreign)},
        )
