"""Tidies the workspace without rest, from the second file and the first record on: `python -m tests.regulars_server.tidying_always`."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from regulars.errors import WorkspaceLocked
from regulars.warehouse import compaction, records
from regulars.workspace import Workspace
from regulars_server.config import Config


def main() -> None:
    """Until somebody ends it."""
    compaction.MOST_SMALL_FILES, records.FOLD_FROM = 2, 1
    workspace = Workspace.open(Config.from_environment().workspace)
    while True:
        try:
            workspace.tidy(datetime.now(UTC) + timedelta(hours=1))
        except WorkspaceLocked:
            continue
        time.sleep(0.3)


if __name__ == "__main__":
    main()
