"""What is known of orders and subscriptions while calls are projected one after the other."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from regulars.tracking.amounts import text
from regulars.tracking.orders import NEED_ORDER, KnownOrder, order_id_of
from regulars.tracking.subscriptions import KnownSubscription, subscription_id_of

if TYPE_CHECKING:
    from regulars.tracking.calls import Call
    from regulars.tracking.projection import Located


class Books:
    """Orders and subscriptions of the calls so far, over what the caller knows of others (`Located.order`, `Located.subscription`)."""

    def __init__(self, currency: str | None) -> None:
        self.currency = currency
        self._orders: dict[tuple[str, str], KnownOrder] = {}
        self._subscriptions: dict[tuple[str, str], KnownSubscription] = {}

    def order(self, one: Located, order_id: str) -> KnownOrder | None:
        return self._orders.get((one.call.source, order_id), one.order)

    def learn_order(self, call: Call, order: KnownOrder) -> None:
        self._orders[call.source, order.order_id] = order
        alias = text(call.properties, "shopify_order_id")
        if alias is not None:
            self._orders[call.source, alias] = order

    def subscription(self, one: Located, subscription_id: str) -> KnownSubscription | None:
        return self._subscriptions.get((one.call.source, subscription_id), one.subscription)

    def learn_subscription(self, call: Call, subscription: KnownSubscription) -> None:
        self._subscriptions[call.source, subscription.subscription_id] = subscription


@lru_cache(maxsize=4096)
def may_ask(name: str | None) -> bool:
    """Whether calls of this name need to know of something before they are read."""
    return name is not None and (name in NEED_ORDER or name.startswith("Subscription "))


def asks_for(call: Call, whose: str | None = None) -> tuple[str, str] | None:
    """What should be known to read the call: ("orders", order id) or ("subscriptions", subscription id); None for most calls.

    `whose` is the account or identity of the call: who names no subscription has one for each customer.
    """
    if not may_ask(call.name):
        return None
    if call.name in NEED_ORDER:
        order_id = order_id_of(call.properties)
        return None if order_id is None else ("orders", order_id)
    subscription_id = subscription_id_of(call) or whose
    return None if subscription_id is None else ("subscriptions", subscription_id)
