"""Matching unlinked returns to the earlier purchases they give back: latest first, up to the quantity still there."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

MATCHES = pa.schema(
    [
        ("refund_key", pa.string()),
        ("refund_source", pa.string()),
        ("order_id", pa.string()),
        ("refund_day", pa.int64()),
        ("quantity", pa.float64()),
        ("amount_minor", pa.int64()),
    ]
)
"""One row per match: the refund order row it belongs to, the purchase it was matched to, the pieces and the value (negative)."""

SLACK = 1e-9


def match_returns(lines: pa.Table) -> pa.Table:
    """Matches of return lines to purchase lines, as a table of schema `MATCHES`.

    `lines` holds both kinds, of customers and products that have a return: customer_id, product_id, kind, order_id, refund_key and
    refund_source (of the order row), row_key, occurred_at, local_day, quantity, amount_minor. A match depends on earlier rows alone.
    """
    ordered = lines.sort_by(
        [("customer_id", "ascending"), ("product_id", "ascending"), ("occurred_at", "ascending"), ("row_key", "ascending")]
    )
    columns = {name: ordered.column(name).to_pylist() for name in ordered.schema.names}
    out: dict[str, list[object]] = {name: [] for name in MATCHES.names}
    pair: tuple[str, str] | None = None
    stock: list[tuple[datetime, str, list[float]]] = []
    for i in range(ordered.num_rows):
        if pair != (columns["customer_id"][i], columns["product_id"][i]):
            pair, stock = (columns["customer_id"][i], columns["product_id"][i]), []
        if columns["kind"][i] == "purchase":
            stock.append((columns["occurred_at"][i], columns["order_id"][i], [columns["quantity"][i]]))
        elif columns["quantity"][i] < 0:
            for order_id, taken, amount in _take(stock, -columns["quantity"][i], columns["amount_minor"][i], columns["occurred_at"][i]):
                match = (columns["refund_key"][i], columns["refund_source"][i], order_id, columns["local_day"][i], taken, amount)
                for name, value in zip(MATCHES.names, match, strict=True):
                    out[name].append(value)
    return pa.table(out, schema=MATCHES)


def _take(stock: list[tuple[datetime, str, list[float]]], wanted: float, amount: int, at: datetime) -> Iterable[tuple[str, float, int]]:
    parts: dict[str, float] = defaultdict(float)
    left = wanted
    for occurred_at, order_id, quantity in reversed(stock):
        if left <= SLACK:
            break
        if occurred_at >= at or quantity[0] <= SLACK:
            continue
        taken = min(quantity[0], left)
        quantity[0] -= taken
        left -= taken
        parts[order_id] += taken
    given = 0
    matches = list(parts.items())
    for position, (order_id, taken) in enumerate(matches):
        share = _half_away_from_zero(amount * taken / wanted)
        if position == len(matches) - 1 and left <= SLACK:
            share = amount - given
        given += share
        yield order_id, taken, share


def _half_away_from_zero(value: float) -> int:
    return int(value + 0.5) if value >= 0 else -int(-value + 0.5)
