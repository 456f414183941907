"""When the serving file is built anew: in a process of its own, after the data have changed, and never so often that it is all that is done."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from regulars.workspace import Workspace
from regulars_server.running.children import die_with
from regulars_server.running.environment import start_django
from regulars_server.running.own_process import OwnProcess

if TYPE_CHECKING:
    from pathlib import Path

    from regulars_server.config import Config

AT_LEAST_SECONDS = 60.0
"""From the end of one build to the start of the next."""
TIMES_ITS_DURATION = 10
"""A build that takes a minute comes every ten."""


class ServingBuilds(OwnProcess):
    """Says when, starts the process, and looks after it."""

    MODULE = "regulars_server.running.serving_builds"

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._began = 0.0
        self._not_before = 0.0
        self._failures = 0
        self._wanted = True
        self._at_once = False
        self._predicted: int | None = None
        self._looked_at = -1
        self._seen: object = None

    def data_changed(self) -> None:
        """The tables hold something new."""
        self._wanted = True

    def look_after(self, now: datetime) -> bool:
        """Start a build that is due, or close one that has ended. Raises `BuildFailed` for one that failed, so that it is noted."""
        del now
        predicted = _latest_predictions()
        if predicted is not None and predicted != self._predicted:
            # Whoever waits for the first lights does not wait ten builds long for them.
            self._predicted, self._at_once = predicted, True
        if self._child is not None:
            self._close()
        elif self._at_once or ((self._wanted or self._changed_from_outside()) and time.monotonic() >= self._not_before):
            self._start()
        return False

    def _start(self) -> None:
        self._wanted, self._at_once, self._began = False, False, time.monotonic()
        self._note_state()
        self._run()

    def _close(self) -> None:
        code = self._ended()
        if code is None:
            return
        took = time.monotonic() - self._began
        self._failures = 0 if code == 0 else self._failures + 1
        self._wanted = self._wanted or code != 0
        pause = max(AT_LEAST_SECONDS, TIMES_ITS_DURATION * took) * 2 ** min(self._failures, 5)
        self._not_before = time.monotonic() + pause
        if code:
            raise BuildFailedError(code)

    def _changed_from_outside(self) -> bool:
        """Whether the tables changed otherwise: an import, an undo, an erasure, by a job or on the command line."""
        written_at = self._written_at()
        if written_at == self._looked_at:
            return False
        # Merging small files, cleaning up and folding records write as well, and change no row.
        if self._state() != self._seen:
            return True
        self._looked_at = written_at
        return False

    def _note_state(self) -> None:
        self._looked_at, self._seen = self._written_at(), self._state()

    def _written_at(self) -> int:
        tables = self._config.workspace / "tables"
        return max(map(_changed_at, [*tables.glob("*/_delta_log"), self._config.workspace / "loads", *self._files()]), default=0)

    def _state(self) -> object:
        """What differs when rows do: the loads that hold, who was erased, and the settings."""
        counts = Workspace.open(self._config.workspace).load_counts() if (self._config.workspace / "workspace.json").exists() else None
        return counts, [_changed_at(path) for path in self._files()]

    def _files(self) -> list[Path]:
        return [self._config.workspace / name for name in ("erased.json", "workspace.json")]


def _changed_at(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def _latest_predictions() -> int | None:
    """The number of the latest job that predicted to its end."""
    from regulars_server.jobs.public import latest
    from regulars_server.serving.public import PREDICT

    found = latest(PREDICT)
    return found.pk if found is not None and found.state == found.DONE else None


class BuildFailedError(Exception):
    """A build of the serving file ended with an error, which it has logged."""


def main() -> int:
    """Build once."""
    die_with(os.getppid())
    os.umask(0o077)
    os.nice(5)
    start_django()
    from regulars_server.loading.public import flushed_batch, prune
    from regulars_server.serving.public import build

    # What is in the tables before the build begins is in the serving file after it, and no longer needed in the hot tail.
    batch = flushed_batch()
    build(datetime.now(UTC))
    prune(batch)
    return 0


if __name__ == "__main__":
    sys.exit(main())
