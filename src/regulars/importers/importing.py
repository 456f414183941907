"""Importing files: recognise, read, compare with what is there, write, report."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulars.errors import ArgumentRefused, ErasedMeanwhile, SettingRefused
from regulars.importers.booking import Booking, Outcome
from regulars.importers.mappings import Saved, save, saved_for
from regulars.importers.reading import Manner, RowReader, as_raw, look_through
from regulars.importers.recognition import Binding, bind
from regulars.importers.report import FileReport, ImportReport, MoneyTally
from regulars.importers.scratch import Scratch, erased_rows
from regulars.importers.sources import Source, open_source
from regulars.importers.sources.source import ROW, file_empty
from regulars.warehouse.files import disk_room
from regulars.warehouse.loads import QUARANTINE_SCHEMA

if TYPE_CHECKING:
    from regulars.workspace import Workspace

_MEMORY = "384MB"
"""What booking may take before it spills to disk; REGULARS_MEMORY sets another. A million customers in one file need 1200MB."""
_FIRST_ROWS = 5
Progress = Callable[[int, int], None]
_Booked = tuple[Outcome, Counter[str]]


class _Target(Protocol):
    """Where booked rows go: a load, or the rehearsal of one."""

    def add(self, table: str, batch: pa.Table) -> None: ...

    def quarantine(self, batch: pa.Table) -> None: ...


@dataclass(slots=True, kw_only=True)
class _Opened:
    """A file that has been recognised and looked through, before anything is written."""

    source: Source
    binding: Binding
    manner: Manner
    said: Saved
    """What a person said about it in this call."""


def import_files(
    ws: Workspace,
    paths: Sequence[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    mapping: Mapping[str, str] | None = None,
    currency: str | None = None,
    time_zone: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    format: str | None = None,  # noqa: A002
    now: datetime | None = None,
) -> ImportReport:
    """Import files into the workspace, one load each, and report what became of every row.

    `mapping` says what columns mean (column -> field, or `ignore`; `field:day_first` and the like say how they are written) and is
    kept for files with the same header. `currency` and `time_zone` hold for columns that do not say theirs (default: the
    workspace's). `format` names the format instead of recognising it. `progress` is told (bytes done, bytes in all).

    Refusals are raised before anything is written: `FileMissing`, `FileEmpty`, `FileDamaged`, `FormatUnrecognised`,
    `ColumnsAmbiguous`, `MappingRefused`, `CurrencyUnknown`.
    """
    listed = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    files = [Path(p).expanduser() for p in listed]
    if not files:
        raise ArgumentRefused("No file was named.", expected="one or more files", remedy="Name the files to import.")
    _check(currency, time_zone)
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    steps = _Steps(files, progress)
    with _workshop(ws, dry_run=dry_run) as folder, disk_room(folder):
        opened = [_open(ws, path, mapping or {}, format, steps) for path in files]
        readers = [_reader(ws, o, currency, time_zone, moment) for o in opened]
        scratches = [_read(ws, reader, folder / str(i), steps) for i, reader in enumerate(readers)]
        rehearsed: dict[str, list[str]] = {}
        reports = []
        for i, (file, reader, scratch) in enumerate(zip(opened, readers, scratches, strict=True)):
            if dry_run:
                reports.append(_rehearse(ws, file, reader, scratch, folder / f"rehearsal-{i}", rehearsed))
            else:
                reports.append(_load(ws, file, reader, scratch, moment if now else None))
    steps.finish()
    return ImportReport(files=tuple(reports), dry_run=dry_run)


def _check(currency: str | None, time_zone: str | None) -> None:
    from regulars.settings import Settings

    try:
        Settings(name="check", currency=currency, time_zone=time_zone or "UTC")
    except SettingRefused as refusal:
        raise ArgumentRefused(refusal.received, expected=refusal.expected, remedy="Give another value.", details=refusal.details) from None


def _workshop(ws: Workspace, *, dry_run: bool) -> contextlib.AbstractContextManager[Path]:
    """A folder for the rows on their way; inside the workspace, whose erasure reaches it, unless nothing may be left there."""
    parent = None if dry_run else ws.folder / "cache"
    if parent is not None:
        parent.mkdir(exist_ok=True)

    @contextlib.contextmanager
    def folder() -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="import-", dir=parent, ignore_cleanup_errors=True) as name:
            yield Path(name)

    return folder()


def _open(ws: Workspace, path: Path, mapping: Mapping[str, str], format_name: str | None, steps: _Steps) -> _Opened:
    source = open_source(path)
    before = saved_for(ws.folder, source.header)
    said = Saved(mapping=mapping, format=format_name)
    binding = bind(source.header, {**before.mapping, **mapping}, format_name or before.format)
    manner = look_through(source, binding, steps.of_file(path))
    if not manner.rows:
        raise file_empty(path)
    return _Opened(source=source, binding=binding, manner=manner, said=said)


def _reader(ws: Workspace, opened: _Opened, currency: str | None, time_zone: str | None, moment: datetime) -> RowReader:
    return RowReader(
        source=opened.source,
        binding=opened.binding,
        manner=opened.manner,
        zone=time_zone or ws.settings.time_zone,
        currency=currency or ws.settings.currency,
        now=moment,
    )


def _read(ws: Workspace, reader: RowReader, folder: Path, steps: _Steps) -> Scratch:
    scratch = Scratch(folder)
    known = ws.erased()
    scratch.erased_known = len(known)
    erased = known.mask
    source = reader.source
    for batch in source.batches(reader.wanted, steps.of_file(source.path)):
        if batch.num_rows:
            reading = reader.read(batch)
            scratch.add(reading, erased_rows(reading.rows, erased))
        _take_ragged(source, scratch, erased)
    _take_ragged(source, scratch, erased)
    scratch.finish()
    return scratch


def _take_ragged(source: Source, scratch: Scratch, erased: Callable[[pa.Array], pa.Array]) -> None:
    if source.ragged:
        scratch.add_ragged(source.ragged, erased)
        source.ragged.clear()


def _book(
    reader: RowReader, scratch: Scratch, target: _Target, files: Callable[[str], Sequence[str]], *, in_order: bool = False
) -> _Booked:
    from regulars.warehouse.engines.duckdb import DuckDB

    spill = scratch.folder / "spill"
    spill.mkdir()
    with DuckDB(memory_limit=os.environ.get("REGULARS_MEMORY") or _MEMORY, temp_directory=spill, threads=2) as engine:
        booking = Booking(engine, scratch, reader.binding.format, files, reader.now, in_order=in_order)
        booking.compare()
        booking.write(target.add)
        aside = booking.set_aside()
    for part in _with_raw(reader.source, aside):
        target.quarantine(part)
    return booking.outcome, Counter(aside.column("reason").to_pylist())


def _with_raw(source: Source, aside: pa.Table) -> Iterator[pa.Table]:
    """The rows for quarantine as they stood in the file; those that were not kept are read once more."""
    name = source.path.name

    def finished(rows: pa.Table, raw: list[str | None]) -> pa.Table:
        files = pa.repeat(pa.scalar(name), rows.num_rows)
        columns = [files, rows.column("_row"), rows.column("reason"), rows.column("explanation"), pa.array(raw, pa.string())]
        return pa.Table.from_arrays(columns, schema=QUARANTINE_SCHEMA)

    kept = aside.filter(pc.is_valid(aside.column("raw")))
    if kept.num_rows:
        yield finished(kept, kept.column("raw").to_pylist())
    wanted = aside.filter(pc.is_null(aside.column("raw")))
    if not wanted.num_rows:
        return
    numbers = wanted.column("_row").to_numpy()
    for batch in source.batches(range(len(source.header))):
        here = np.flatnonzero(np.isin(np.asarray(batch.column(ROW)), numbers))
        if len(here):
            part = batch.take(pa.array(here))
            at = np.searchsorted(numbers, np.asarray(part.column(ROW)))
            cells = [part.column(i + 1).to_pylist() for i in range(len(source.header))]
            yield finished(wanted.take(pa.array(at)), [as_raw(source.header, row) for row in zip(*cells, strict=True)])


def _load(ws: Workspace, opened: _Opened, reader: RowReader, scratch: Scratch, now: datetime | None) -> FileReport:
    with ws.stage(source=reader.binding.format.name, now=now) as load:
        if len(ws.erased()) != scratch.erased_known:
            raise ErasedMeanwhile(
                f"Somebody was erased while {opened.source.path.name} was being read.",
                expected="the same people from the first row to the last",
                remedy="Run the same command again; nothing of the file was imported.",
            )
        snapshot = ws.snapshot()
        outcome, reasons = _book(reader, scratch, load, snapshot.files)
        report = _report(opened, scratch, outcome, reasons, load_id=load.load_id)
        path = opened.source.path
        load.commit(report.as_dict(), [{"file": path.name, "bytes": path.stat().st_size}])
    if opened.said.mapping or opened.said.format:
        save(ws.folder, opened.source.header, opened.said)
    codes = [tally.currency for tally in report.money]
    if ws.settings.currency is None and len(codes) == 1 and report.imported:
        ws.change_settings(currency=codes[0])
    return report


@dataclass(slots=True)
class _Rehearsal:
    """Takes booked rows like a load, and keeps them beside the workspace so that the next file is compared with them."""

    folder: Path
    rehearsed: dict[str, list[str]]
    first_rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _writers: dict[str, pq.ParquetWriter] = field(default_factory=dict)

    def add(self, table: str, batch: pa.Table) -> None:
        sample = self.first_rows.setdefault(table, [])
        sample += batch.slice(0, _FIRST_ROWS - len(sample)).to_pylist() if len(sample) < _FIRST_ROWS else []
        if table not in self._writers:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"{table}.parquet"
            self._writers[table] = pq.ParquetWriter(path, batch.schema.append(pa.field("load_id", pa.string())))
        self._writers[table].write_table(batch.append_column("load_id", pa.repeat(pa.scalar(self.folder.name), batch.num_rows)))

    def quarantine(self, batch: pa.Table) -> None:
        """Nothing: the counts are in the report."""

    def finish(self) -> None:
        for table, writer in self._writers.items():
            writer.close()
            self.rehearsed.setdefault(table, []).append(str(self.folder / f"{table}.parquet"))


def _rehearse(
    ws: Workspace, opened: _Opened, reader: RowReader, scratch: Scratch, folder: Path, rehearsed: dict[str, list[str]]
) -> FileReport:
    rehearsal = _Rehearsal(folder, rehearsed)
    snapshot = ws.snapshot()
    before = {table: list(files) for table, files in rehearsed.items()}
    outcome, reasons = _book(reader, scratch, rehearsal, lambda table: [*snapshot.files(table), *before.get(table, [])], in_order=True)
    rehearsal.finish()
    return _report(opened, scratch, outcome, reasons, first_rows=rehearsal.first_rows)


def _report(opened: _Opened, scratch: Scratch, outcome: Outcome, reasons: Counter[str], **more: Any) -> FileReport:
    fmt = opened.binding.format
    source = opened.source
    notes = [*source.notes, *fmt.notes(frozenset(opened.binding.columns))]
    if outcome.identity_conflicts:
        notes.append(
            f"{outcome.identity_conflicts:,} e-mail addresses or phone numbers belong to several customers of the file; they were left apart"
        )
    imported = {"new", "changed"}
    quarantined = {"bad", "incomplete", "repeated_id"}

    def total(by_status: Mapping[str, int], statuses: set[str]) -> int:
        return sum(n for status, n in by_status.items() if status in statuses)

    money = tuple(
        MoneyTally(
            currency=code,
            read=sum(by_status.values()),
            imported=total(by_status, imported),
            already_there=total(by_status, {"same"}),
            quarantined=total(by_status, quarantined),
            erased=total(by_status, {"erased"}),
            rounding=f"{scratch.rounding.get(code, 0):f}".rstrip("0").rstrip(".") if scratch.rounding.get(code) else "0",
        )
        for code, by_status in sorted(outcome.money.items())
        if code
    )
    return FileReport(
        file=source.path.name,
        format=fmt.name,
        title=fmt.title,
        columns={name: source.header[index] for name, index in opened.binding.columns.items()},
        read=opened.manner.rows,
        imported=total(outcome.rows, imported),
        already_there=outcome.rows.get("same", 0),
        quarantined=dict(sorted(reasons.items())),
        erased=outcome.rows.get("erased", 0),
        repeated=outcome.repeated,
        replaced=outcome.replaced,
        without_customer=outcome.without_customer,
        taken_back=outcome.taken_back_rows,
        unlinked_returns=outcome.unlinked,
        money=money,
        rows_without_amount=outcome.without_money,
        written=outcome.written,
        notes=tuple(notes),
        **more,
    )


class _Steps:
    """Progress over files that are read twice: once to look, once to take."""

    def __init__(self, files: Sequence[Path], progress: Progress | None) -> None:
        self._progress = progress
        self._total = 2 * sum(path.stat().st_size for path in files if path.is_file())
        self._done = 0

    def of_file(self, path: Path) -> Callable[[int], None] | None:
        if self._progress is None:
            return None
        progress, base, size = self._progress, self._done, path.stat().st_size
        self._done += size
        return lambda position: progress(min(base + position, base + size), self._total)

    def finish(self) -> None:
        if self._progress is not None:
            self._progress(self._total, self._total)
