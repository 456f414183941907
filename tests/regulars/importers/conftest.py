"""A workspace, a way to write files, and a look at what is in force."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb
import pytest

from regulars.importers import import_files
from regulars.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Shop:
    """A workspace with files beside it."""

    def __init__(self, folder: Path, **settings) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.ws = Workspace.create(folder / "shop", **settings)

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    def load(self, name: str, content: str | bytes, **options):
        """Import one file and give its report."""
        report = import_files(self.ws, self.file(name, content), **{"now": NOW, **options})
        assert report.reconciles
        return report.files[0]

    def rows(self, table: str, columns: str = "*", order: str = "all") -> list[tuple]:
        """The rows in force."""
        snapshot = self.ws.snapshot()
        files, replaced = list(snapshot.files(table)), list(snapshot.files("supersessions"))
        if not files:
            return []
        anti = (
            f"""anti join (select * from read_parquet({replaced}) where table_name = '{table}') x
            on t.row_key = x.superseded_key and t.source = x.superseded_source and t.load_id = x.superseded_load_id"""
            if replaced
            else ""
        )
        with duckdb.connect() as connection:
            return connection.sql(f"select {columns} from (select t.* from read_parquet({files}) t {anti}) order by {order}").fetchall()

    def quarantine(self) -> list[tuple]:
        files = [str(p) for p in sorted((self.ws.folder / "quarantine").glob("*.parquet"))]
        with duckdb.connect() as connection:
            return (
                connection.sql(f"select row_number, reason, explanation, raw from read_parquet({files}) order by 1").fetchall()
                if files
                else []
            )

    def state(self) -> dict[str, bytes]:
        """Every file of the workspace, to show that nothing changed (lock files apart)."""
        return {
            str(p.relative_to(self.ws.folder)): p.read_bytes()
            for p in sorted(self.ws.folder.rglob("*"))
            if p.is_file() and "locks" not in p.parts
        }


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, currency="EUR", time_zone="Europe/Berlin")
