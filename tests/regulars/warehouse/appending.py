"""Appends loads of one order with two lines each to the workspace FOLDER: `python appending.py FOLDER NAME COUNT`."""

from __future__ import annotations

import sys

from regulars.workspace import Workspace
from tests.regulars.warehouse.rows import order, rows


def main(folder: str, name: str, count: int) -> None:
    """Loads that need no comparison, so that they may run beside others."""
    shop = Workspace.open(folder)
    for number in range(count):
        lines = [{"order_id": f"{name}-{number}", "row_key": f"{name}-{number}:{line}"} for line in range(2)]
        with shop.stage(source=name, alone=False, wait_seconds=60) as load:
            load.add("orders", rows("orders", order(f"{name}-{number}", "anna", 1)))
            load.add("order_lines", rows("order_lines", *lines))
            load.commit({}, [])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
