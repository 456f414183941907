"""From the form of meanings to a mapping."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import QueryDict

HINTS = ("day_first", "month_first", "decimal_comma", "decimal_point")
MOST_COLUMNS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a person said: column to field (with a hint how it is written), and what holds for the whole file."""

    mapping: Mapping[str, str]
    format: str
    currency: str
    time_zone: str


def read_meaning(given: QueryDict) -> Meaning:
    """The form `column-N`, `field-N`, `hint-N`; a column that was recognised (`was-N`) and is now without a meaning is left out."""
    mapping: dict[str, str] = {}
    for place in range(MOST_COLUMNS):
        column = given.get(f"column-{place}")
        if column is None:
            break
        field, hint = given.get(f"field-{place}", ""), given.get(f"hint-{place}", "")
        if re.fullmatch(r"[a-z0-9_]{1,80}", field):
            mapping[column] = f"{field}:{hint}" if hint in HINTS and field != "ignore" else field
        elif given.get(f"was-{place}", ""):
            mapping[column] = "ignore"
    return Meaning(
        mapping=mapping,
        format=found if re.fullmatch(r"[a-z0-9_]{1,60}", found := given.get("format", "")) else "",
        currency=code if re.fullmatch(r"[A-Z]{3}", code := given.get("currency", "").strip().upper()) else "",
        time_zone=zone if re.fullmatch(r"[A-Za-z0-9_+/-]{1,64}", zone := given.get("time_zone", "").strip()) else "",
    )
