"""Whole shops that several tests of metrics read."""

from __future__ import annotations

import csv
import gzip

import pytest

from tests.builders import company


@pytest.fixture(scope="session")
def cdnow_session(shared_data):
    """All purchases of CDNOW, 1997-01-01 to 1998-06-30, as a session."""
    with gzip.open(shared_data / "cdnow" / "cdnow_master.csv.gz", "rt") as file:
        rows = [
            {
                "at": f"{r['date'][:4]}-{r['date'][4:6]}-{r['date'][6:]}",
                "customer": r["customer_id"],
                "amount": round(float(r["amount"]) * 100),
                "order": f"{i:06}",
                "currency": "USD",
            }
            for i, r in enumerate(csv.DictReader(file))
        ]
    with company(orders=rows) as session:
        yield session
