"""Keeping a workspace tidy while it is used: few files, few records of loads, nothing left lying about."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from regulars.warehouse import ledger, records
from regulars.warehouse.changes import recover
from regulars.warehouse.compaction import has_small_files, merge_small_files, tables_with_remains, vacuum_table
from regulars.warehouse.lock import Lock

if TYPE_CHECKING:
    from regulars.warehouse.changes import Places
    from regulars.warehouse.store import Store


@dataclass(frozen=True, slots=True)
class Tidied:
    """What was done: how many files each table has whose files were merged, the tables that were cleaned up, and how many records were folded."""

    files: dict[str, int] = field(default_factory=dict)
    cleaned: tuple[str, ...] = ()
    folded: int = 0


def is_due(places: Places, store: Store, now: datetime | None = None) -> bool:
    """Whether small files or records of loads have become many; what lies about waits until then, or for `tidy`."""
    return has_small_files(places, store) or len(records.foldable(places, now or datetime.now(UTC))) >= records.FOLD_FROM


def tidy(places: Places, store: Store, now: datetime | None = None) -> Tidied:
    """Merge, clean up, fold; the caller shares the workspace lock. Killed anywhere, nothing is lost, and the next time goes on."""
    with Lock.take(places.tidying_lock, what="tidying", wait_seconds=0):
        files = merge_small_files(places, store)
        cleaned = tuple(tables_with_remains(places, store, time.time()))
        for table in cleaned:
            vacuum_table(places, store, table)
        # An undo that somebody left half done is finished before records are folded.
        recover(places, store)
        old = records.foldable(places, now or datetime.now(UTC))
        folded = ledger.fold(places, old) if len(old) >= records.FOLD_FROM else 0
    return Tidied(files, cleaned, folded)
