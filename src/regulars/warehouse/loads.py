"""Loads: rows of several tables that arrive together, are committed together, and can be undone together."""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.errors import ArgumentRefused, TableContractBroken
from regulars.tables import TABLES
from regulars.warehouse.changes import Manifest, Places, Staging
from regulars.warehouse.files import disk_room, sync_file, write_json
from regulars.warehouse.store import RowWriter, Store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regulars.warehouse.lock import Lock

QUARANTINE_SCHEMA = pa.schema(
    [
        pa.field("file", pa.string()),
        pa.field("row_number", pa.int64()),
        pa.field("reason", pa.string()),
        pa.field("explanation", pa.string()),
        pa.field("raw", pa.string()),
    ]
)
"""A row that was not imported: where it stood, a code, why in words, and the row itself as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRecord:
    """A committed load: when, from which source and files, its closing report, and whether it was undone since."""

    load_id: str
    loaded_at: datetime
    source: str
    files: list[dict[str, Any]] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    """Rows that it brought, by table."""
    undone: bool = False
    undone_at: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**asdict(self), "loaded_at": self.loaded_at.isoformat(), "undone_at": self.undone_at and self.undone_at.isoformat()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> LoadRecord:
        """The record that `as_dict` wrote."""
        undone_at = values.get("undone_at")
        return cls(
            **{
                **values,
                "loaded_at": datetime.fromisoformat(values["loaded_at"]),
                "undone_at": datetime.fromisoformat(undone_at) if undone_at else None,
            }
        )


def new_change_id(now: datetime | None = None) -> str:
    """An id that sorts by time and is never given twice."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return f"{moment:%Y%m%dT%H%M%S%f}Z-{secrets.token_hex(4)}"


def check_load_id(load_id: str) -> str:
    """`load_id` when `new_change_id` could have made it, since it names files; else `ArgumentRefused`."""
    if not re.fullmatch(r"\d{8}T\d{12}Z-[0-9a-f]{8}", load_id):
        raise ArgumentRefused(f"'{load_id}' is no load id.", expected="an id that `new_load_id` has given")
    return load_id


class Load:
    """Rows being staged. Use as a context manager: leaving it without `commit` removes everything that was staged."""

    def __init__(
        self, places: Places, store: Store, *, source: str, locks: Iterable[Lock], now: datetime | None = None, load_id: str | None = None
    ) -> None:
        self.source = source
        self.loaded_at = (now or datetime.now(UTC)).astimezone(UTC)
        self.load_id = new_change_id(self.loaded_at) if load_id is None else check_load_id(load_id)
        self._places = places
        self._store = store
        self._locks = list(locks)
        self._writers: dict[str, RowWriter] = {}
        self._quarantine: Any = None
        self._done = False
        with disk_room(places.folder):
            self._staging = Staging(places, self.load_id, kind=f"the load of {source}")

    def add(self, table: str, batch: pa.RecordBatch | pa.Table) -> None:
        """Stage rows that have the table's columns without `load_id`, in its order; raises `TableContractBroken` when they do not fit."""
        if table not in TABLES:
            raise ArgumentRefused(f"There is no table called '{table}'.", expected=f"one of {', '.join(TABLES)}")
        rows = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
        if not rows.num_rows:
            return
        rows = self._with_load_id(table, rows)
        TABLES[table].check(rows)
        with disk_room(self._places.folder):
            self._writer(table).write(rows.cast(TABLES[table].arrow_schema))

    def quarantine(self, batch: pa.Table) -> None:
        """Stage rows that were not imported, in the columns of `QUARANTINE_SCHEMA`."""
        if batch.schema.names != QUARANTINE_SCHEMA.names:
            raise TableContractBroken(
                f"Rows for quarantine have the columns {batch.schema.names}.", expected=f"the columns {QUARANTINE_SCHEMA.names}"
            )
        if not batch.num_rows:
            return
        with disk_room(self._places.folder):
            if self._quarantine is None:
                import pyarrow.parquet as pq

                path = self._staging.folder / "quarantine.parquet"
                self._quarantine = pq.ParquetWriter(path, QUARANTINE_SCHEMA, compression="zstd", write_statistics=False)
            self._quarantine.write_table(batch.cast(QUARANTINE_SCHEMA))

    def staged_rows(self, table: str) -> int:
        """Rows staged for the table so far."""
        writer = self._writers.get(table)
        return writer.rows if writer else 0

    def commit(self, report: dict[str, Any], files: list[dict[str, Any]]) -> LoadRecord:
        """Make the staged rows part of the tables, and keep the closing report and the files they came from."""
        record = LoadRecord(
            load_id=self.load_id,
            loaded_at=self.loaded_at,
            source=self.source,
            files=files,
            report=report,
            rows={table: writer.rows for table, writer in self._writers.items()},
        )
        with disk_room(self._places.folder):
            self._seal(record)
        self._done = True
        try:
            self._staging.apply(self._store)
        finally:
            self._release()
        return record

    def _seal(self, record: LoadRecord) -> None:
        for writer in self._writers.values():
            writer.close()
        moves = []
        if self._quarantine is not None:
            self._quarantine.close()
            sync_file(self._staging.folder / "quarantine.parquet")
            moves.append(("quarantine.parquet", f"quarantine/{self.load_id}.parquet"))
        write_json(self._staging.folder / "record.json", record.as_dict())
        moves.append(("record.json", f"loads/{self.load_id}.json"))
        self._staging.seal(
            Manifest(
                change_id=self.load_id,
                kind="load",
                add={table: [(self._file_name(table), writer.rows)] for table, writer in self._writers.items()},
                moves=moves,
            )
        )

    def _with_load_id(self, table: str, rows: pa.Table) -> pa.Table:
        if "load_id" in rows.schema.names:
            raise TableContractBroken(
                f"Rows for '{table}' bring a load_id.", expected="the table's columns without load_id: the load fills it in"
            )
        at = TABLES[table].arrow_schema.get_field_index("load_id")
        if at > len(rows.schema.names):
            TABLES[table].check(rows)
        return rows.add_column(at, pa.field("load_id", pa.string()), pa.repeat(pa.scalar(self.load_id), rows.num_rows))

    def _file_name(self, table: str) -> str:
        return f"{self.load_id}-{table}.parquet"

    def _writer(self, table: str) -> RowWriter:
        if table not in self._writers:
            self._writers[table] = RowWriter(self._staging.folder / self._file_name(table), TABLES[table])
        return self._writers[table]

    def _release(self) -> None:
        for lock in self._locks:
            lock.release()

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_: object) -> None:
        if self._done:
            return
        self._done = True
        try:
            for writer in self._writers.values():
                writer.abandon()
            if self._quarantine is not None:
                self._quarantine.close()
        except OSError:
            pass
        finally:
            if not self._staging.is_sealed:
                self._staging.drop()
            self._release()
