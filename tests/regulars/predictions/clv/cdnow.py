"""The CDNOW customers as of 30 September 1997, as the published papers use them: days of age are days up to that day itself."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from regulars.predictions.clv import Histories

if TYPE_CHECKING:
    from pathlib import Path

START, END = date(1997, 1, 1).toordinal(), date(1998, 7, 1).toordinal()
AS_OF = date(1997, 9, 30).toordinal()


@lru_cache(maxsize=2)
def customers(folder: Path, name: str) -> list[dict[int, float]]:
    """For each customer, his order days with what he spent."""
    found: dict[str, dict[int, float]] = {}
    with gzip.open(folder / "cdnow" / f"cdnow_{name}.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            days = found.setdefault(row["customer_id"], {})
            day = date.fromisoformat(row["date"]).toordinal() if "-" in row["date"] else _compact(row["date"])
            days[day] = days.get(day, 0.0) + float(row["amount"])
    return list(found.values())


def _compact(text: str) -> int:
    return date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()


def histories(folder: Path, name: str) -> Histories:
    """What was known of them on 30 September 1997."""
    rows = []
    for spent in customers(folder, name):
        days = sorted(day for day in spent if day <= AS_OF)
        mean = np.mean([spent[day] for day in days[1:]]) if len(days) > 1 else 0.0
        rows.append((len(days) - 1, days[-1] - days[0], AS_OF - days[0], mean))
    x, recency, age, value = zip(*rows, strict=True)
    return Histories(x, recency, age, value)
