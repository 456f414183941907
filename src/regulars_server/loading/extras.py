"""What goes into the tables along with the batches: rows of the identity map, and rows that change hands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from regulars_server.loading.models import TableLoad


@dataclass
class Extras:
    """Rows by table, and which entries of the profiles they settle."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    map_rows: list[Any] = field(default_factory=list)
    reattributions: list[Any] = field(default_factory=list)


def are_waiting() -> bool:
    """Whether the profiles have something for the tables."""
    return False


def gather(load: TableLoad, now: datetime) -> Extras:
    """What the profiles have for the tables now."""
    del load, now
    return Extras()


def mark_gathered(extras: Extras, load: TableLoad, now: datetime) -> None:
    """Tell the profiles that what was gathered is certain to be written; inside the transaction that makes it so."""
