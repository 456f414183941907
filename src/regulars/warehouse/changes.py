"""A change of several tables that happens whole or not at all: staged, sealed, applied.

Delta commits one table at a time. So a change first writes every file it needs into `staging/<change_id>/` and then seals a manifest
there. From then on it will happen: by its own process or, when that dies, by whoever opens the workspace next. Every step of applying
may be repeated.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from regulars.errors import DiskFull
from regulars.warehouse.files import disk_room, empty_folder, read_json, sync_folder, write_json
from regulars.warehouse.lock import Lock, is_held, reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from regulars.warehouse.store import Store

_RESERVE_BYTES = 1 << 20
COMMIT_SECONDS = 60.0
"""How long others' commits are waited for."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie in a workspace folder."""

    folder: Path

    @property
    def tables(self) -> Path:
        return self.folder / "tables"

    @property
    def staging(self) -> Path:
        return self.folder / "staging"

    @property
    def loads(self) -> Path:
        return self.folder / "loads"

    @property
    def folded(self) -> Path:
        return self.loads / "folded"

    @property
    def quarantine(self) -> Path:
        return self.folder / "quarantine"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def workspace_lock(self) -> Path:
        return self.folder / "locks" / "workspace"

    @property
    def import_lock(self) -> Path:
        return self.folder / "locks" / "import"

    @property
    def commit_lock(self) -> Path:
        return self.folder / "locks" / "commit"

    @property
    def tidying_lock(self) -> Path:
        return self.folder / "locks" / "tidying"

    def make(self) -> None:
        """Create the folders that are missing."""
        for folder in (self.tables, self.staging, self.loads, self.quarantine, self.cache, self.folder / "locks"):
            folder.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a sealed change will do."""

    change_id: str
    kind: str
    add: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """By table: staged files (name, rows) that become part of it."""
    remove: dict[str, list[str]] = field(default_factory=dict)
    """By table: active files that it loses."""
    moves: list[tuple[str, str]] = field(default_factory=list)
    """Staged files and where in the workspace folder they go, replacing what is there."""
    delete: list[str] = field(default_factory=list)
    """Files of the workspace folder that go."""
    empties_cache: bool = False
    purges: list[str] = field(default_factory=list)
    """Tables of which nothing but the newest version may remain on the disk."""


class Staging:
    """The staging folder of one change, owned by this process until it is applied or dropped."""

    def __init__(self, places: Places, change_id: str, *, kind: str) -> None:
        self.places = places
        self.change_id = change_id
        self.kind = kind
        self.folder = places.staging / change_id
        with Lock.take(places.commit_lock, what=kind):
            self.folder.mkdir(parents=True)
            self._owner = Lock.take(self.folder / "owner", what=kind, wait_seconds=0)
        self._reserve = self.folder / "reserve"

    def seal(self, manifest: Manifest) -> None:
        """Make the change certain: all staged files and the manifest are on the disk."""
        # Room for the log entries, so that a full disk is met here, where nothing has happened yet.
        with self._reserve.open("wb") as file:
            file.write(os.urandom(_RESERVE_BYTES))
            file.flush()
            os.fsync(file.fileno())
        for table in manifest.add:
            (self.places.tables / table).mkdir(parents=True, exist_ok=True)
        sync_folder(self.folder)
        write_json(self.folder / "manifest.json", asdict(manifest))

    def apply(self, store: Store) -> None:
        """Carry out the sealed change and remove the staging folder; when the disk is full before it has begun, forget it."""
        try:
            with Lock.take(self.places.commit_lock, what=self.kind, wait_seconds=COMMIT_SECONDS):
                self._reserve.unlink(missing_ok=True)
                try:
                    with disk_room(self.places.folder):
                        apply_manifest(self.places, store, self.folder)
                except DiskFull as full:
                    if self._has_begun(store):
                        full.remedy = (
                            "Free some space; the change is safe in the staging folder and is finished when the workspace is next opened."
                        )
                        raise
                    self._unseal()
                    raise
        finally:
            # Also where the lock was not to be had: from now on whoever comes next finishes it.
            self._owner.release()

    def _has_begun(self, store: Store) -> bool:
        manifest = Manifest(**read_json(self.folder / "manifest.json"))
        return any(_is_done(store, manifest, table) for table in [*manifest.remove, *manifest.add])

    def _unseal(self) -> None:
        manifest = Manifest(**read_json(self.folder / "manifest.json"))
        (self.folder / "manifest.json").unlink()
        for table, added in manifest.add.items():
            for name, _ in added:
                (self.places.tables / table / name).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def drop(self) -> None:
        """Forget a change that was not sealed."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._owner.release()

    @property
    def is_sealed(self) -> bool:
        return (self.folder / "manifest.json").exists()


def apply_manifest(places: Places, store: Store, folder: Path) -> None:
    """Carry out a sealed change; the caller has the commit lock alone. What has been done already is skipped."""
    manifest = Manifest(**read_json(folder / "manifest.json"))
    for table in dict.fromkeys([*manifest.remove, *manifest.add]):
        if _is_done(store, manifest, table):
            continue
        store.expect_active(table, manifest.remove.get(table, ()))
        added = manifest.add.get(table, [])
        for name, _ in added:
            _move(folder / name, places.tables / table / name)
        store.commit(table, manifest.change_id, add=[(name, rows) for name, rows in added], remove=manifest.remove.get(table, ()))
    for table in manifest.purges:
        store.vacuum(table, retention_hours=0)
    for target in manifest.delete:
        (places.folder / target).unlink(missing_ok=True)
    if manifest.empties_cache:
        empty_folder(places.cache)
    for source, target in manifest.moves:
        _move(folder / source, places.folder / target)
    shutil.rmtree(folder)
    sync_folder(places.staging)


def _is_done(store: Store, manifest: Manifest, table: str) -> bool:
    return store.has(table, add=[(name, rows) for name, rows in manifest.add.get(table, ())], remove=manifest.remove.get(table, ()))


@contextlib.contextmanager
def settled(places: Places, store: Store, *, alone: bool = False, what: str = "a look at the tables") -> Iterator[None]:
    """Inside, no change is half applied: those of the dead are finished, the living wait. With `alone` no other reader is there either."""
    while True:
        recover(places, store)
        with Lock.take(places.commit_lock, what=what, wait_seconds=COMMIT_SECONDS) if alone else reading(places.commit_lock):
            # Between the two somebody may have died half-way.
            if any((folder / "manifest.json").exists() for folder in _abandoned(places)):
                continue
            yield
            return


def recover(places: Places, store: Store) -> None:
    """Finish the sealed changes of processes that have died, and drop what they had not sealed."""
    with reading(places.commit_lock):
        if not _abandoned(places):
            return
    with Lock.take(places.commit_lock, what="recovery", wait_seconds=COMMIT_SECONDS), disk_room(places.folder):
        for folder in _abandoned(places):
            if (folder / "manifest.json").exists():
                (folder / "reserve").unlink(missing_ok=True)
                apply_manifest(places, store, folder)
            else:
                shutil.rmtree(folder)


def _abandoned(places: Places) -> list[Path]:
    if not places.staging.is_dir():
        return []
    return sorted(entry for entry in places.staging.iterdir() if entry.is_dir() and not is_held(entry / "owner"))


def _move(source: Path, target: Path) -> None:
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        sync_folder(target.parent)
