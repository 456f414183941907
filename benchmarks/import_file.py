"""Imports one file into a new workspace; stops where not every row came in. Usage: import_file.py FILE FOLDER ROWS CURRENCY."""

from __future__ import annotations

import json
import sys

import regulars


def main(file: str, folder: str, rows: str, currency: str) -> None:
    """Import, and count."""
    shop = regulars.open(folder, create=True)
    shop.change_settings(currency=currency)
    report = shop.import_file(file)
    if (report.read, report.quarantined) != (int(rows), 0):
        raise SystemExit(f"{report.read} rows were read and {report.quarantined} quarantined, of {rows}")
    print(json.dumps({"rows": report.read}))


main(*sys.argv[1:])
