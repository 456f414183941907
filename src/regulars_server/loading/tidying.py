"""Keeping the house: small files of the tables, and everything of the loader's that has served its time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from regulars.errors import WorkspaceLocked
from regulars_server.loading import flushing, hot, quality, quarantine, seen
from regulars_server.loading.workspace import workspace

if TYPE_CHECKING:
    from regulars_server.loading.lease import Lease

MOST_FILES = 64
"""Files of one table from which on compaction pays; at one load every ten seconds that is eleven minutes."""


def tidy(now: datetime | None = None, *, lease: Lease | None = None) -> dict[str, int]:
    """Merge small files of the tables where a table has many; says how many files each has then, and nothing when there was nothing to do."""
    del now, lease
    snapshot = workspace().snapshot()
    if all(len(files) < MOST_FILES for files in snapshot.paths.values()):
        return {}
    try:
        return workspace().compact()
    except WorkspaceLocked:
        return {}


def expire(now: datetime | None = None) -> dict[str, int]:
    """Forget what has served its time; call it every few minutes."""
    now = now or datetime.now(UTC)
    return {
        "retried": quarantine.retry_orders(now),
        "messages": seen.expire(now),
        "hot": hot.expire(now),
        "quarantine": quarantine.expire(now),
        "hours": quality.expire(now),
        "loads": flushing.forget_done(now),
    }
