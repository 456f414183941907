"""Writes order lines as CSV in a shop's own layout, in bounded memory and the same each time.

Usage: lines.py LAYOUT ROWS FILE; LAYOUT is `retail` (the UCI Online Retail columns) or `shopify` (an orders export).
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2024, 1, 1)  # noqa: DTZ001 - a shop's clock
SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Lineitem quantity,Lineitem name,"
    "Lineitem price,Lineitem sku,Shipping Country,Created at,Refunded Amount,Id"
)


def retail(rows: int, random: Random) -> Iterator[str]:
    """One row per line; an invoice's number, customer and time are on each."""
    yield "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    written, invoice, at = 0, 536_000, START
    while written < rows:
        invoice += 1
        at += timedelta(seconds=random.randrange(40, 900))
        customer = 12_000 + int(40_000 * random.random() ** 2)
        for _line in range(min(random.randrange(1, 20), rows - written)):
            product = int(4_000 * random.random() ** 2)
            price = f"{0.4 + product % 97 / 8:.2f}"
            yield f'{invoice},{20_000 + product},"PRODUCT {product}, RED",{random.randrange(1, 13)},{at:%d/%m/%Y %H:%M},{price},{customer},United Kingdom'
            written += 1


def shopify(rows: int, random: Random) -> Iterator[str]:
    """One row per line item; what is true of the order is on its first row only."""
    yield SHOPIFY
    written, order, at = 0, 1_000, START
    while written < rows:
        order += 1
        at += timedelta(seconds=random.randrange(20, 300))
        email = f"customer{int(200_000 * random.random() ** 2)}@example.org"
        items = [(int(2_000 * random.random() ** 2), random.randrange(1, 4)) for _ in range(min(random.randrange(1, 6), rows - written))]
        cents = [(500 + 37 * product % 9_000, quantity) for product, quantity in items]
        subtotal = sum(price * quantity for price, quantity in cents) / 100
        stamp = f"{at:%Y-%m-%d %H:%M:%S} +0100"
        for place, ((product, quantity), (price, _)) in enumerate(zip(items, cents, strict=True)):
            item = f"{quantity},Product {product},{price / 100:.2f},SKU-{product}"
            if place:
                yield f"#{order},{email},,,,,,,,,,{item},,{stamp},,"
            else:
                head = f"#{order},{email},paid,{stamp},fulfilled,EUR,{subtotal:.2f},4.90,0.00,{subtotal + 4.90:.2f},0.00"
                yield f"{head},{item},DE,{stamp},0.00,{4_000_000_000 + order}"
            written += 1


def main(layout: str, rows: str, file: str) -> None:
    """Write the file."""
    with Path(file).open("w", encoding="utf-8") as out:
        out.writelines(line + "\n" for line in {"retail": retail, "shopify": shopify}[layout](int(rows), Random(1)))


main(*sys.argv[1:])
