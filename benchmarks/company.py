"""Makes a synthetic workspace; prints how many events and other rows it holds. Usage: company.py FOLDER CUSTOMERS."""

from __future__ import annotations

import json
import sys

import regulars
from regulars.synthetic import Company, fill


def main(folder: str, customers: str) -> None:
    """Fill the folder, where it is not filled yet."""
    shop = regulars.open(folder)
    if not shop.loads():
        fill(shop, Company(customers=int(customers)))
    print(json.dumps(shop.loads()[0].rows))


main(*sys.argv[1:])
