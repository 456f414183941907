"""Runs one change of a workspace again and again, killed (SIGKILL) at its first touch of a file, its second, and so on.

`python killed.py TEMPLATE FOLDER CHANGE STRIDE` copies the workspace TEMPLATE to FOLDER/<step>, forks, and kills the child just before
step number <step>, for every STRIDE-th step; it ends with the first step that the change no longer has. Prints where it ended. The parent never touches a
workspace itself, so every child is a fresh process as far as threads are concerned.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import deltalake  # noqa: F401  (here and not in each child: it takes time)
import pyarrow as pa

from regulars.warehouse import compaction, records, tidying, undo  # noqa: F401  (the last two as above)
from regulars.warehouse.erasure import erasing  # noqa: F401  (as above)
from regulars.workspace import Workspace
from tests.regulars.warehouse.rows import order, rows

_TOUCHES = {
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.scandir",
    "os.listdir",
    "fcntl.flock",
    "os.truncate",
    "shutil.rmtree",
}


def run_import(shop: Workspace) -> None:
    """A load with rows in three tables and in quarantine, as an importer makes one: what is there already is left out."""
    with shop.stage(source="csv") as load:
        if any(record.report == {"read": 4} for record in shop.loads()):
            load.commit({"already_there": 4}, [])
            return
        load.add("orders", rows("orders", order("10", "anna", 1000), order("11", "berta", 500), order("12", None, 250)))
        load.add("order_lines", rows("order_lines", {"order_id": "10", "identity_id": "anna", "amount_minor": 1000}))
        names = {"table_name": "orders", "superseded_source": "csv", "superseded_key": "1:purchase"}
        load.add("supersessions", rows("supersessions", {**names, "superseded_load_id": shop.loads()[0].load_id}))
        load.quarantine(pa.table({"file": ["a.csv"], "row_number": [7], "reason": ["bad_date"], "explanation": ["31 June"], "raw": ["{}"]}))
        load.commit({"read": 4}, [])


def run_undo(shop: Workspace) -> None:
    """The last load is undone, unless it was."""
    last = shop.loads()[-1]
    if not last.undone:
        shop.undo(last.load_id)


def run_compact(shop: Workspace) -> None:
    """All tables are compacted."""
    shop.compact()


def run_erase(shop: Workspace) -> None:
    """Anna is erased, unless she was."""
    if not shop.erased().contains("anna"):
        shop.erase("anna")


def run_tidy(shop: Workspace) -> None:
    """All small files are merged, what lies about is deleted, and all records are folded."""
    # Tests run this in their own process too, and the next one wants these as they were.
    with (
        patch.object(compaction, "MOST_SMALL_FILES", 2),
        patch.object(compaction, "SPARED_HOURS", 0),
        patch.object(records, "FOLD_FROM", 1),
    ):
        shop.tidy(datetime.now(UTC) + timedelta(days=1))


CHANGES = {"import": run_import, "undo": run_undo, "compact": run_compact, "erase": run_erase, "tidy": run_tidy}


def killed_at(step: int, folder: Path, change: str) -> bool:
    """Whether the change was killed; False when it had ended before."""
    child = os.fork()
    if child == 0:
        reached = 0

        def touch(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal reached
            if event not in _TOUCHES or (event != "fcntl.flock" and not str(arguments[0]).startswith(str(folder))):
                return
            if reached == step:
                os.kill(os.getpid(), signal.SIGKILL)
            reached += 1

        sys.addaudithook(touch)
        try:
            CHANGES[change](Workspace.open(folder))
        except BaseException as error:  # noqa: BLE001
            print(f"step {step}: {error!r}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status):
        raise SystemExit(f"step {step} failed")
    return False


def main(template: Path, folder: Path, change: str, stride: int) -> None:
    """Kill the change at every `stride`-th step."""
    step = 0
    while True:
        shutil.copytree(template, folder / str(step))
        if not killed_at(step, folder / str(step), change):
            break
        step += stride
    print(step)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
