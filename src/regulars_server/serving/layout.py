"""Where the serving file lies, the version of its layout, and what it says of itself."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from regulars_server.serving.contracts import Built

FILE = "customers.duckdb"
FORMAT = 4
"""Version of the layout of the file; a reader takes no other."""


def as_plain(built: Built) -> dict[str, Any]:
    """The build's facts as plain values."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(built).items()}


def from_plain(plain: dict[str, Any]) -> Built:
    """The inverse of `as_plain`."""
    return Built(**{**plain, **{name: datetime.fromisoformat(plain[name]) for name in ("as_of", "built_at")}})
