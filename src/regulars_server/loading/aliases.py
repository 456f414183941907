"""Other ids of orders: the number that a shop's database gives an order beside the name that people see."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from regulars_server.loading.bulk import chunks, insert_new
from regulars_server.loading.file_orders import bring_in
from regulars_server.loading.models import KnownPart, OrderAlias
from regulars_server.loading.things import order_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from regulars.tracking import Call

OTHER_IDS = ("shopify_order_id",)
_IS_ALIAS = "order_id_is_alias"


def learn_aliases(calls: Iterable[Call], shops: Mapping[str, str]) -> list[KnownPart]:
    """Note the other ids that calls tell of, and know what was told under those as the same order. Inside the batch's transaction.

    Gives the versions that go out of force since the order has a later one under its other id.
    """
    told: dict[tuple[str, str], str] = {}
    for call in calls:
        said = call.properties
        for name in OTHER_IDS:
            if name in said and call.name is not None and not said.get(_IS_ALIAS) and isinstance(said.get("order_id"), str):
                alias, key = order_key(str(said[name])), order_key(said["order_id"])
                if alias != key:
                    told[shops.get(call.source, ""), alias] = key
    if not told:
        return []
    rows = [(shop, alias, key) for (shop, alias), key in told.items()]
    known = set()
    for part in chunks(rows, 500):
        known |= set(OrderAlias.objects.filter(alias__in=[alias for _, alias, _ in part]).values_list("shop", "alias"))
    fresh = [row for row in rows if row[:2] not in known]
    insert_new(OrderAlias, ("shop", "alias", "order_key"), ("text", "text", "text"), fresh)
    return [older for row in fresh for older in _join(*row)]


def _join(shop: str, alias: str, key: str) -> list[KnownPart]:
    scope = f"shop:{shop}"
    bring_in({(scope, alias), (scope, key)})
    if not KnownPart.objects.filter(scope=scope, thing=alias).update(thing=key):
        return []
    by_part: dict[str, list[KnownPart]] = defaultdict(list)
    for row in KnownPart.objects.filter(scope=scope, thing=key, is_in_force=True).order_by("version_at", "id"):
        by_part[row.part].append(row)
    return [older for rows in by_part.values() for older in rows[:-1]]


def resolve_aliases(things: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """By (scope, id) the id by which an order is known, where that is another one."""
    by_shop: dict[str, set[str]] = defaultdict(set)
    for scope, thing in things:
        by_shop[scope.partition(":")[2]].add(thing)
    found: dict[tuple[str, str], str] = {}
    for shop, wanted in by_shop.items():
        for part in chunks(sorted(wanted), 500):
            rows = OrderAlias.objects.filter(shop=shop, alias__in=part).values_list("alias", "order_key")
            found.update({(f"shop:{shop}", alias): key for alias, key in rows})
    return found
