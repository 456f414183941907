"""One business: its data folder, settings, loads and stored rows."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from regulars.errors import ArgumentRefused, ErasedMeanwhile, FilesGone
from regulars.settings import Settings
from regulars.warehouse.changes import Places, recover, settled
from regulars.warehouse.files import disk_room, write_bytes
from regulars.warehouse.loads import Load, LoadRecord, new_change_id
from regulars.warehouse.lock import Lock
from regulars.warehouse.records import (
    BY_THEMSELVES,
    LoadCounts,
    count_loads,
    is_committed,
    latest_loaded_at,
    load_marks,
    read_load,
    read_loads,
    refuse_committed,
)
from regulars.warehouse.settings_file import read_settings, write_settings
from regulars.warehouse.snapshot import Snapshot
from regulars.warehouse.store import Store

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterator
    from datetime import date, datetime

    from regulars.analyses import AnalysisResult
    from regulars.importers import ImportReport
    from regulars.metrics import MetricResult
    from regulars.predictions.auditing import Audit
    from regulars.predictions.log import KeptPredictions
    from regulars.predictions.rows import Predictions
    from regulars.relations.session import Session
    from regulars.reports import Review
    from regulars.results import TableResult
    from regulars.warehouse.engines.engine import Engine
    from regulars.warehouse.erasure.erasing import ErasureReport
    from regulars.warehouse.erasure.hashes import ErasedHashes
    from regulars.warehouse.tidying import Tidied

Answer = TypeVar("Answer")

KEEP_WAIT_SECONDS = 300.0
"""How long predictions that were reckoned wait for somebody else's import to end; reckoning them anew would take as long."""


class Workspace:
    """One business in one folder. Get one with `Workspace.open` or `Workspace.create`."""

    lock_wait_seconds = 10.0
    """How long undo, compaction and erasure wait for others to finish before they are refused."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self._places = Places(folder)
        self._store = Store(self._places.tables)

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Workspace:
        """The workspace in `folder`; changes that a dead process had sealed are finished first.

        Raises `NoWorkspace` when there is none, `WorkspaceUnreadable` when it is of another version or damaged.
        """
        path = Path(folder).expanduser().absolute()
        workspace = cls(path, read_settings(path))
        workspace._recover()
        return workspace

    @classmethod
    def create(cls, folder: str | os.PathLike[str], **settings: Any) -> Workspace:
        """A new workspace in `folder`, which must be missing or empty; `settings` are those of `Settings` (name: the folder's name)."""
        path = Path(folder).expanduser().absolute()
        chosen = Settings.from_mapping({"name": path.name, **settings})
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ArgumentRefused(
                f"{path} exists and is not an empty folder.",
                expected="a folder that is missing or empty",
                remedy="Choose another folder, or open the workspace that is there.",
                details={"folder": str(path)},
            )
        with disk_room(path.parent):
            places = Places(path)
            path.mkdir(parents=True, exist_ok=True)
            places.make()
            write_bytes(path / "secret.key", secrets.token_bytes(32), mode=0o600)
            write_settings(path, chosen)
        return cls(path, chosen)

    def change_settings(self, **changes: Any) -> None:
        """Change settings by name; impossible values raise `SettingRefused` and change nothing."""
        with Lock.take(self._places.commit_lock, what="a change of settings"), disk_room(self.folder):
            settings = read_settings(self.folder).changed(**changes)
            write_settings(self.folder, settings)
        self.settings = settings

    def snapshot(self) -> Snapshot:
        """The tables as they are now, pinned."""
        with settled(self._places, self._store):
            states = {table: state for table in self._store.tables() if (state := self._store.state(table)) is not None}
        return Snapshot(
            versions={table: state.version for table, state in states.items()},
            paths={
                table: tuple(str(self._store.path(table) / name) for name in sorted(state.rows_by_file)) for table, state in states.items()
            },
        )

    def stage(
        self, *, source: str, alone: bool = True, wait_seconds: float = 10.0, now: datetime | None = None, load_id: str | None = None
    ) -> Load:
        """Begin a load. With `alone` no other such load runs until it ends, so that its rows may be compared with those that are there.

        Whoever must not load the same rows twice fixes the load's id beforehand (`new_load_id`), and after a fault asks `is_loaded`: a load
        that was sealed has been finished by then, one that was not is gone and is staged again under the same id. Raises `ArgumentRefused`
        when the id is taken, and `WorkspaceLocked`, naming who holds it, when the workspace is not free within `wait_seconds`.
        """
        locks = [Lock.take(self._places.workspace_lock, what=f"the load of {source}", shared=True, wait_seconds=wait_seconds)]
        try:
            if alone:
                locks.append(Lock.take(self._places.import_lock, what=f"the load of {source}", wait_seconds=wait_seconds))
            self._recover()
            if load_id is not None:
                refuse_committed(self._places, load_id)
            return Load(self._places, self._store, source=source, locks=locks, now=now, load_id=load_id)
        except BaseException:
            for lock in locks:
                lock.release()
            raise

    def loads(self, *, leave_out: Collection[str] = (), latest: int | None = None) -> list[LoadRecord]:
        """The committed loads in order, those undone since included: all, or those from other sources than `leave_out`, or the latest of them."""
        self._recover()
        return read_loads(self._places, leave_out=leave_out, latest=latest)

    def load_counts(self) -> LoadCounts:
        """How many loads hold, how many rows they brought, and the last one's id; at once, however many there are."""
        self._recover()
        return count_loads(self._places)

    @staticmethod
    def new_load_id(now: datetime | None = None) -> str:
        """An id for a load that is still to be staged; it is never given twice."""
        return new_change_id(now)

    def is_loaded(self, load_id: str) -> bool:
        """Whether the load with this id is committed, or was and is undone; what a dead process had sealed is finished first."""
        self._recover()
        return is_committed(self._places, load_id)

    def load_marks(self, *, leave_out: Collection[str] = ()) -> dict[str, int]:
        """By load id a number that changes when the load is undone, for whoever follows the loads; with `leave_out` those of other sources and the undone."""
        self._recover()
        return load_marks(self._places, leave_out=leave_out)

    def load(self, load_id: str) -> LoadRecord:
        """One committed load, as `loads` tells of it. Raises `LoadUnknown`, and `ArgumentRefused` for what cannot be an id."""
        return read_load(self._places, load_id)

    def undo(self, load_id: str) -> LoadRecord:
        """Take a load's rows out again; what they had replaced is in force again.

        Raises `LoadUnknown`; `UndoRefused` when a later load has replaced rows of this one; `WorkspaceLocked`.
        """
        from regulars.warehouse.undo import undo_load

        with self._alone(f"undoing the load {load_id}"):
            return undo_load(self._places, self._store, load_id)

    def erase(self, person: str, *, strict: bool = False) -> ErasureReport:
        """Forget a person, given by a customer id, e-mail address or phone number, in every store of the workspace.

        Their rows get a random identity, lose every other id and free property and keep only the day, so that totals stay; with `strict`
        they are deleted and totals change. A keyed hash makes later imports refuse them. Raises `PersonUnknown`, `WorkspaceLocked`.
        """
        from regulars.warehouse.erasure.erasing import erase_person

        with self._alone("an erasure"):
            return erase_person(self._places, self._store, person, zone=self.settings.zone, strict=strict)

    def erased(self) -> ErasedHashes:
        """Says of an id, e-mail address or phone number whether its owner was erased."""
        from regulars.warehouse.erasure.erasing import read_erased

        return read_erased(self._places)

    def compact(self) -> dict[str, int]:
        """Merge small files and put the rows of a customer together; says how many files each table has now. Raises `WorkspaceLocked`."""
        from regulars.warehouse.compaction import compact_tables

        with self._alone("compaction"):
            return compact_tables(self._places, self._store)

    def tidy(self, now: datetime | None = None) -> Tidied:
        """Merge small files and fold the records of old loads where there are many, and delete files that nobody needs any more.

        Loads go on meanwhile. Raises `WorkspaceLocked` while somebody else tidies, undoes, erases or compacts.
        """
        from regulars.warehouse.tidying import tidy

        with Lock.take(self._places.workspace_lock, what="tidying", shared=True, wait_seconds=self.lock_wait_seconds):
            return tidy(self._places, self._store, now)

    def needs_tidying(self, now: datetime | None = None) -> bool:
        """Whether `tidy` has something to do; quickly told."""
        from regulars.warehouse.tidying import is_due

        return is_due(self._places, self._store, now)

    # -- questions ---------------------------------------------------------------------------------------------------------

    def session(
        self, *, as_of: datetime | date | str | None = None, known_at: datetime | None = None, engine: Engine | None = None
    ) -> Session:
        """The tables as they are now, read as of an instant (default: the end of the last complete day in the data); close it after use.

        A date means the end of that day in company time. Raises `NoData` when nothing is imported.
        """
        from regulars.periods import moment
        from regulars.relations.session import Session
        from regulars.tables import TABLES

        if engine is None:
            from regulars.warehouse.engines.duckdb import DuckDB

            engine = DuckDB()
        try:
            snapshot = self.snapshot()
            for table in TABLES.values():
                engine.read(table, snapshot.files(table.name))
            # What we reckoned ourselves says nothing of how far the data reach.
            self._recover()
            latest = latest_loaded_at(self._places, leave_out="predictions")
            return Session(engine, self.settings, as_of=moment(as_of), known_at=known_at, loaded_at=latest)
        except BaseException:
            engine.close()
            raise

    def ask(self, question: Callable[[Session], Answer], *, as_of: datetime | date | str | None = None) -> Answer:
        """What `question` answers when it is given a session; asked once more where an erasure removed files while they were read."""
        try:
            with self.session(as_of=as_of) as session:
                return question(session)
        except FilesGone:
            with self.session(as_of=as_of) as session:
                return question(session)

    def import_file(self, path: str | os.PathLike[str], **options: Any) -> ImportReport:
        """Import one file; see `regulars.importers.import_files` for the options and what comes back."""
        from regulars.importers import import_files

        return import_files(self, [Path(path)], **options)

    def metric(
        self,
        name: str,
        *,
        start: date | str | None = None,
        end: date | str | None = None,
        by: str | None = None,
        group_by: str | None = None,
        as_of: datetime | date | str | None = None,
        **arguments: Any,
    ) -> MetricResult:
        """The metric `name` in `[start, end)`, by regular windows with `by`, for each group with `group_by`.

        Without a start and an end it runs over all data. Raises `UnknownName`, `ArgumentRefused`, `MixedCurrencies`, `NoData`.
        """
        from regulars import metrics
        from regulars.periods import day

        def run(session: Session) -> MetricResult:
            windows = metrics.default_windows(session, metrics.metric(name).card, day(start), day(end), by)
            return metrics.run(session, name, windows, group_by, **arguments)

        return self.ask(run, as_of=as_of)

    def facts(self, *, as_of: datetime | date | str | None = None) -> TableResult:
        """One row per customer as of an instant; the columns are in the documentation and in `regulars.facts`."""
        from regulars.facts import facts

        return self.ask(facts, as_of=as_of)

    def analyse(self, name: str, *, as_of: datetime | date | str | None = None, **arguments: Any) -> AnalysisResult:
        """The analysis `name`: named tables, and notes on what they cannot tell."""
        from regulars import analyses

        return self.ask(lambda session: analyses.run(session, name, **arguments), as_of=as_of)

    def predict(
        self, *, as_of: datetime | date | str | None = None, keep: bool = True, progress: Callable[[str, int, int], None] | None = None
    ) -> Predictions:
        """Value, risk of leaving, health and light of every customer as of an instant; `.table` has a row per customer, `.why(ids)` the reasons.

        With `keep` the models go to the folder `models` and the predictions to the table of that name, as one load that can be undone; a second run as of
        the same instant overrules the first one. `progress` is told what is done, how much of it, and of how much. Raises `NoData`, `MixedCurrencies`,
        `WorkspaceLocked`, and `ErasedMeanwhile` where somebody was erased while it ran.
        """
        from regulars.predictions import store
        from regulars.predictions.log import LOG_RUNS, read_log
        from regulars.predictions.predicting import predict

        def reckon(session: Session) -> tuple[Predictions, set[str]]:
            tell = None if progress is None else lambda what: progress(what, 0, 0)
            return predict(session, log=read_log(session, last=LOG_RUNS), progress=tell), store.accounts(session) if keep else set()

        erased = len(self.erased())
        found, accounts = self.ask(reckon, as_of=as_of)
        if keep:
            self._keep(found, accounts, erased, progress)
        return found

    def _keep(self, found: Predictions, accounts: set[str], erased_before: int, progress: Callable[[str, int, int], None] | None) -> None:
        from regulars.predictions import rows, store

        tell = None if progress is None else lambda done, whole: progress("keeping", done, whole)
        with self.stage(source=rows.SOURCE, wait_seconds=KEEP_WAIT_SECONDS) as load:
            if len(self.erased()) != erased_before:
                raise ErasedMeanwhile(
                    "Somebody was erased while predictions were reckoned; they may speak of that person and were not kept.",
                    expected="no erasure in between",
                    remedy="Run the same command again.",
                )
            store.keep(found, load, self.folder / "models", self.loads(leave_out=BY_THEMSELVES), accounts=accounts, progress=tell)

    def predictions(self, *, as_of: datetime | date | str | None = None) -> KeptPredictions:
        """The predictions that were kept last before as-of: `.table`, `.why(ids)`, `.versions`. Raises `NoPredictions` where none were."""
        from regulars.errors import NoPredictions
        from regulars.predictions.log import latest_kept

        found = self.ask(latest_kept, as_of=as_of)
        if found is None:
            raise NoPredictions(
                "No predictions are kept that hold before this instant.",
                expected="a run of `regulars predict` as of this instant or an earlier one",
                remedy="Run: regulars predict",
            )
        return found

    def audit(self, name: str, *, as_of: datetime | date | str | None = None, **options: Any) -> Audit:
        """What was predicted on earlier days against what happened: `name` is lights, churn or clv; `.answer` says it in a sentence.

        For the options see `regulars.predictions.auditing.audit`.
        """
        from regulars.predictions.auditing import audit

        return self.ask(lambda session: audit(session, name, **options), as_of=as_of)

    def review(
        self,
        *,
        as_of: datetime | date | str | None = None,
        show_names: bool = False,
        predictions: bool = True,
        language: Literal["en", "de"] = "en",
    ) -> Review:
        """The retention review as of an instant; write it with `.write(path)`. Customers are hidden unless `show_names`.

        Without `predictions` the parts on risk, lights and what comes next are left out; they take most of the time.
        """
        from regulars.reports import review
        from regulars.reports.german import GERMAN
        from regulars.reports.words import ENGLISH

        secret = (self.folder / "secret.key").read_bytes()

        def write(session: Session) -> Review:
            files = self.loads(leave_out=BY_THEMSELVES)
            return review(
                session,
                title=self.settings.name,
                show_names=show_names,
                imports=files,
                secret=secret,
                predictions=predictions,
                language=GERMAN if language == "de" else ENGLISH,
            )

        return self.ask(write, as_of=as_of)

    @contextlib.contextmanager
    def _alone(self, what: str) -> Iterator[None]:
        """The workspace lock, alone, with everything that dead processes had sealed done."""
        with Lock.take(self._places.workspace_lock, what=what, wait_seconds=self.lock_wait_seconds):
            self._recover()
            yield

    def _recover(self) -> None:
        recover(self._places, self._store)
