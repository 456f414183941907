"""The two real shops as rows: loaded straight from their files, without the importers."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

import pyarrow.parquet as pq

CDNOW_RULES = {"time_zone": "America/New_York", "currency": "USD"}
RETAIL_RULES = {"time_zone": "Europe/London", "currency": "GBP"}


def cdnow(shared_data):
    """Orders of CDNOW; each at noon UTC of its date."""
    rows = []
    with gzip.open(shared_data / "cdnow" / "cdnow_master.csv.gz", "rt") as file:
        for position, row in enumerate(csv.DictReader(file)):
            year, month, day = int(row["date"][:4]), int(row["date"][4:6]), int(row["date"][6:])
            at = datetime(year, month, day, 12)
            order_id = f"{position:05d}"
            rows.append(
                {
                    "occurred_at": at,
                    "recorded_at": at,
                    "source": "cdnow",
                    "row_key": order_id,
                    "row_hash": order_id,
                    "load_id": "load-1",
                    "identity_id": row["customer_id"],
                    "order_id": order_id,
                    "kind": "purchase",
                    "linked": True,
                    "amount_minor": minor(row["amount"]),
                    "currency": "USD",
                }
            )
    return {"orders": rows}


NO_GOODS = {"POST", "D", "M", "DOT", "BANK CHARGES", "CRUK", "AMAZONFEE", "B", "S", "PADS", "C2"}


def online_retail(shared_data):
    """Orders and lines of Online Retail: an invoice is an order; C... is a return without a link; A... an adjustment."""
    table = pq.read_table(shared_data / "online_retail" / "online_retail.parquet")
    columns = [
        table.column(name).to_pylist()
        for name in ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
    ]
    lines, invoices = [], defaultdict(list)
    for position, (invoice, stock, _name, quantity, when, price, customer, country) in enumerate(zip(*columns, strict=True)):
        at = when if isinstance(when, datetime) else datetime.fromisoformat(when)
        kind = "refund" if invoice.startswith("C") else "adjustment" if invoice.startswith("A") else "purchase"
        row = {
            "occurred_at": at.replace(tzinfo=None),
            "recorded_at": at.replace(tzinfo=None),
            "source": "uci",
            "row_key": f"{invoice} {position:06d}",
            "row_hash": invoice,
            "load_id": "load-1",
            "identity_id": customer,
            "order_id": invoice,
            "kind": kind,
            "product_id": stock,
            "is_goods": stock not in NO_GOODS,
            "quantity": float(quantity),
            "amount_minor": minor(Decimal(str(price)) * quantity),
            "currency": "GBP",
        }
        lines.append(row)
        invoices[invoice].append((row, country))
    return {"orders": [_order(own) for own in invoices.values()], "order_lines": lines}


def _order(lines):
    first, country = min(lines, key=lambda line: line[0]["occurred_at"])
    envelope = {
        name: first[name]
        for name in ("occurred_at", "recorded_at", "source", "row_hash", "load_id", "identity_id", "order_id", "kind", "currency")
    }
    amount = sum(line["amount_minor"] for line, _ in lines)
    return {**envelope, "row_key": first["order_id"], "linked": first["kind"] == "purchase", "amount_minor": amount, "country": country}


def minor(amount):
    """Minor units of an amount with two decimals, half away from zero."""
    return int((Decimal(str(amount)) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
