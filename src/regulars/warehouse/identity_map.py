"""Whom an identity belongs to as of an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import pyarrow as pa

    MapRow = tuple[str, str, datetime, str]


def map_rows(rows: pa.Table) -> list[MapRow]:
    """Rows of the `identities` table as (identity_id, customer_id, occurred_at, row_key)."""
    columns = [rows[name].to_pylist() for name in ("identity_id", "customer_id", "occurred_at", "row_key")]
    return [row for row in zip(*columns, strict=True) if row[0] is not None]


def customer_of(rows: Iterable[MapRow], as_of: datetime | None = None) -> dict[str, str]:
    """Customer by identity before `as_of` (a naive UTC instant; None: by all rows); an identity that is missing is its own customer.

    Of several rows of one identity the latest holds: by `occurred_at`, then `row_key`.

    >>> from datetime import datetime
    >>> rows = [("web-7", "anna", datetime(2024, 3, 1), "a"), ("web-7", "web-7", datetime(2024, 3, 9), "b")]
    >>> customer_of(rows, datetime(2024, 3, 2)), customer_of(rows)
    ({'web-7': 'anna'}, {'web-7': 'web-7'})
    """
    latest: dict[str, MapRow] = {}
    for row in rows:
        if as_of is not None and row[2] >= as_of:
            continue
        known = latest.get(row[0])
        if known is None or (row[2], row[3]) >= (known[2], known[3]):
            latest[row[0]] = row
    return {identity: row[1] for identity, row in latest.items()}
