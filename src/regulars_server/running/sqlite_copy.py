"""Copies of SQLite files as they were at one moment, while others write on."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from regulars_server.running.archive import Writing

PAGES_AT_ONCE = 4096


class SqliteCopy:
    """`pin` takes a moment, `copy` writes the files as they were then. Files that are not there are left out."""

    def __init__(self, paths: dict[str, Path], scratch: Path) -> None:
        self._paths = {name: path for name, path in paths.items() if path.exists()}
        self._scratch = scratch
        self._pinned: dict[str, sqlite3.Connection] = {}

    def pin(self) -> None:
        """Open a reading transaction on each, in the order given: in WAL mode it sees this moment for as long as it lasts, and stops nobody."""
        for name, path in self._paths.items():
            connection = self._pinned[name] = sqlite3.connect(path, timeout=20, isolation_level=None)
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()

    def copy(self, writing: Writing) -> dict[str, Any]:
        """Add a copy of each to the backup; says what the manifest needs."""
        self._scratch.mkdir(parents=True, mode=0o700)
        migrations: dict[str, list[str]] = {}
        for name, connection in self._pinned.items():
            copy = self._scratch / self._paths[name].name
            with contextlib.closing(sqlite3.connect(copy)) as target:
                connection.backup(target, pages=PAGES_AT_ONCE, sleep=0)
            if name in {"default", "audit"}:
                migrations[name] = _migrations(connection)
            connection.close()
            writing.add(copy, f"databases/{copy.name}")
            copy.unlink()
        return {"database": "sqlite", "migrations": migrations}

    def close(self) -> None:
        """Let go of the moment."""
        for connection in self._pinned.values():
            connection.close()


def _migrations(connection: sqlite3.Connection) -> list[str]:
    with contextlib.suppress(sqlite3.OperationalError):
        return sorted(f"{app}.{name}" for app, name in connection.execute("SELECT app, name FROM django_migrations"))
    return []
