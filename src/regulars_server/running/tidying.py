"""Tidying: when small files of the tables or records of loads have become many, a process of its own merges and folds them while loading goes on.

`python -m regulars_server.running.tidying` does it once.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from regulars.errors import WorkspaceLocked
from regulars.workspace import Workspace
from regulars_server.config import Config
from regulars_server.running.children import die_with
from regulars_server.running.own_process import OwnProcess

if TYPE_CHECKING:
    from datetime import datetime

AT_LEAST_EVERY = 3600.0
"""Files that were taken out lie an hour longer, for queries that have pinned them; then somebody has to delete them."""


class Tidying(OwnProcess):
    """Says when, starts the process, and looks after it."""

    MODULE = "regulars_server.running.tidying"

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._workspace: Workspace | None = None
        self._anyway_at = time.monotonic() + AT_LEAST_EVERY

    def look_after(self, now: datetime) -> bool:
        """Start a process when there is something to do, or close one that has ended. Raises `TidyingFailedError`, so that it is noted."""
        if self._child is not None:
            self._close()
        elif time.monotonic() >= self._anyway_at or self._is_needed(now):
            self._start()
        return False

    def _is_needed(self, now: datetime) -> bool:
        if self._workspace is None:
            self._workspace = Workspace.open(self._config.workspace)
        return self._workspace.needs_tidying(now)

    def _start(self) -> None:
        self._anyway_at = time.monotonic() + AT_LEAST_EVERY
        self._run()

    def _close(self) -> None:
        if code := self._ended():
            raise TidyingFailedError(code)


class TidyingFailedError(Exception):
    """A process that tidied ended with an error, which it has logged."""


def main() -> int:
    """Tidy once; while somebody has the workspace alone there is nothing to be done."""
    die_with(os.getppid())
    os.umask(0o077)
    os.nice(5)
    config = Config.from_environment()
    try:
        Workspace.open(config.workspace).tidy()
    except WorkspaceLocked as held:
        sys.stderr.write(f"tidying waits: {held}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
