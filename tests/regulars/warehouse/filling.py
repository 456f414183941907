"""Loads rows into the workspace FOLDER and prints what came of it; run where the disk is too small."""

from __future__ import annotations

import resource
import sys

from regulars.errors import RegularsError
from regulars.workspace import Workspace
from tests.regulars.warehouse.rows import order, put, rows


def main(folder: str, largest_file: int) -> None:
    """Refused or loaded, then the orders that are there."""
    shop = Workspace.open(folder)
    many = rows("orders", *(order(f"new-{n * 7919 % 100_003}", f"customer-{n * 104_729 % 99_991}", n) for n in range(20_000)))
    if largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    try:
        put(shop, orders=many)
        print("loaded")
    except RegularsError as error:
        print(error.code)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
