"""What is known of the orders and subscriptions that a refund, a cancellation or a change names without saying what they are worth."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from regulars.tracking.books import asks_for, may_ask
from regulars.tracking.orders import BESIDE, KnownLine, KnownOrder
from regulars_server.loading.aliases import resolve_aliases
from regulars_server.loading.bulk import chunks
from regulars_server.loading.file_orders import bring_in
from regulars_server.loading.known_subscriptions import known_subscriptions
from regulars_server.loading.models import KnownPart
from regulars_server.loading.things import order_key, scope_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from regulars.tracking.projection import Located


def with_known(located: Sequence[Located], shops: Mapping[str, str]) -> list[Located]:
    """The calls, each with the order or the subscription that it asks for, where that is known."""
    asked: dict[int, tuple[str, str, str]] = {}
    changes: dict[int, tuple[str, str]] = {}
    for place, one in enumerate(located):
        if not may_ask(one.call.name):
            continue
        wanted = asks_for(one.call, one.account_id or one.identity_id)
        if wanted is None:
            continue
        table, said = wanted
        if table == "orders":
            asked[place] = (scope_of(table, one.call.source, shops), order_key(said), said)
        else:
            changes[place] = (scope_of(table, one.call.source, shops), said)
    if not asked and not changes:
        return list(located)
    orders = _orders({(scope, thing) for scope, thing, _ in asked.values()})
    found = list(located)
    for place, (scope, thing, said) in asked.items():
        order = orders.get((scope, thing))
        if order is not None:
            # Under the id by which the call names it: its rows are given the order's own id when they are compared.
            found[place] = replace(located[place], order=replace(order, order_id=said))
    for place, subscription in known_subscriptions({place: (*name, located[place].call) for place, name in changes.items()}).items():
        found[place] = replace(located[place], subscription=subscription)
    return found


def _orders(things: Iterable[tuple[str, str]]) -> dict[tuple[str, str], KnownOrder]:
    by_scope: dict[str, set[str]] = defaultdict(set)
    for scope, thing in things:
        by_scope[scope].add(thing)
    found: dict[tuple[str, str], KnownOrder] = {}
    for scope, wanted in by_scope.items():
        alias = {thing: key for (_, thing), key in resolve_aliases([(scope, thing) for thing in wanted]).items()}
        bring_in({(scope, alias.get(thing, thing)) for thing in wanted})
        rows: dict[str, list[KnownPart]] = defaultdict(list)
        for part in chunks(sorted({alias.get(thing, thing) for thing in wanted}), 500):
            for row in KnownPart.objects.filter(scope=scope, thing__in=part, is_in_force=True):
                rows[row.thing].append(row)
        for thing in wanted:
            order = _order(rows.get(alias.get(thing, thing), []))
            if order is not None:
                found[scope, thing] = order
    return found


def _order(rows: Iterable[KnownPart]) -> KnownOrder | None:
    purchase: dict[str, Any] | None = None
    identity: str | None = None
    refunds: dict[str, int] = {}
    cancelled = False
    for row in rows:
        if row.said is None:
            continue
        if row.part == "purchase":
            purchase, identity = row.said, row.identity_id
        elif row.part.startswith("refund"):
            refunds[row.part.removeprefix("refund").strip()] = -row.said["amount"]
        elif row.part == "cancellation":
            cancelled = True
    if purchase is None:
        return None
    return KnownOrder(
        order_id=purchase["order_id"],
        occurred_at=purchase["at"],
        amount_minor=purchase["amount"],
        currency=purchase["currency"],
        tax_minor=purchase["tax"],
        refunds=refunds,
        cancelled=cancelled,
        lines=tuple(
            KnownLine(product_id=product, quantity=quantity, amount_minor=amount, product_name=name, category=category)
            for product, quantity, amount, name, category in purchase.get("lines", [])
        ),
        identity_id=identity,
        beside=dict.fromkeys(BESIDE) | purchase.get("beside", {}),
    )
