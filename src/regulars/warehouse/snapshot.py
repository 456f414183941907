"""A pinned state of all tables, for readers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Snapshot:
    """The version of each stored table, and the Parquet files that make it up; later loads do not change it."""

    versions: Mapping[str, int]
    paths: Mapping[str, tuple[str, ...]]

    def files(self, table: str) -> tuple[str, ...]:
        """Absolute paths of the table's Parquet files; empty when it has no rows."""
        return self.paths.get(table, ())

    def version_key(self) -> str:
        """A text that is the same exactly when the tables are, for caches."""
        digest = hashlib.sha256()
        for table in sorted(self.paths):
            digest.update(f"{table}\0{chr(0).join(sorted(self.paths[table]))}\n".encode())
        return digest.hexdigest()[:32]
