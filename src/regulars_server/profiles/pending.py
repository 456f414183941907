"""What waits for the loader's next flush: rows of the identity map, and rows of other tables that have to move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars_server.profiles.contracts import PendingMapRow, PendingMove
from regulars_server.profiles.models import MapRow, Reattribution

if TYPE_CHECKING:
    from collections.abc import Iterable


def pending_map_rows(limit: int = 50_000) -> list[PendingMapRow]:
    """Rows that wait for the table `identities`, in the order in which they were made."""
    names = ("id", "row_key", "identity", "customer_id", "occurred_at", "rule", "evidence")
    return [PendingMapRow(*row) for row in MapRow.objects.order_by("id").values_list(*names)[:limit]]


def pending_reattributions(limit: int = 10_000) -> list[PendingMove]:
    """What has to move, in the order in which it has to be applied."""
    return [PendingMove(*row) for row in Reattribution.objects.order_by("id").values_list("id", "identity", "since", "until", "to")[:limit]]


def mark_written(*, map_rows: Iterable[int] = (), reattributions: Iterable[int] = ()) -> None:
    """These (by `pending_id`) are done: written, or applied. Call it inside the transaction that knows so."""
    for model, done in ((MapRow, list(map_rows)), (Reattribution, list(reattributions))):
        for start in range(0, len(done), 500):
            model.objects.filter(pk__in=done[start : start + 500]).delete()
