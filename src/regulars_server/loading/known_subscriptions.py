"""What is known of a subscription when a call changes it: the changes before it that are in force."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from regulars.tracking.amounts import text
from regulars.tracking.subscriptions import known_after
from regulars_server.loading.bulk import chunks
from regulars_server.loading.file_orders import bring_in
from regulars_server.loading.file_subscriptions import CHANGE_OF_CALL, twin_of
from regulars_server.loading.models import KnownPart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.tracking import Call
    from regulars.tracking.subscriptions import KnownSubscription


def known_subscriptions(asked: Mapping[int, tuple[str, str, Call]]) -> dict[int, KnownSubscription]:
    """By place what was known of the subscription (scope, id) when the call was made: a late call does not see what came after it."""
    bring_in({(scope, thing) for scope, thing, _ in asked.values()})
    by_scope: dict[str, set[str]] = defaultdict(set)
    for scope, thing, _ in asked.values():
        by_scope[scope].add(thing)
    rows: dict[tuple[str, str], list[KnownPart]] = defaultdict(list)
    for scope, things in by_scope.items():
        for part in chunks(sorted(things), 500):
            for row in KnownPart.objects.filter(scope=scope, thing__in=part, is_in_force=True).order_by("version_at", "id"):
                rows[scope, row.thing].append(row)
    found = {}
    for place, (scope, thing, call) in asked.items():
        own = text(call.properties, "change_id") or call.message_id
        twin = twin_of(rows[scope, thing], CHANGE_OF_CALL.get(call.name or "", ""), call.occurred_at)
        before = [
            row
            for row in rows[scope, thing]
            if row.version_at <= call.occurred_at and row.said and _change_id(row) != own and row is not twin
        ]
        if before:
            found[place] = known_after(thing, before[-1].said)
    return found


def _change_id(row: KnownPart) -> str:
    """The id of a change: told once more, it does not come after itself."""
    return row.part.partition(" ")[2]
