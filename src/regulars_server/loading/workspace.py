"""The library's workspace of this installation, opened once a process and again when its settings change."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

from regulars.tables import TABLES
from regulars.warehouse.engines.duckdb import DuckDB
from regulars.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path


def workspace() -> Workspace:
    """The workspace, with its settings as they are now."""
    folder = settings.CONFIG.workspace
    return _open(folder, (folder / "workspace.json").stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _open(folder: Path, changed: int) -> Workspace:
    del changed
    return Workspace.open(folder)


def stored(*names: str, memory: str = "512MB", threads: int | None = None) -> DuckDB:
    """An engine with these tables as they are now, and what supersedes their rows; close it after use."""
    snapshot = workspace().snapshot()
    engine = DuckDB(memory_limit=memory, threads=threads)
    for name in ("supersessions", *names):
        engine.read(TABLES[name], snapshot.files(name))
    return engine
