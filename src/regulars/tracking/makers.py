"""Which event names are more than events, and what makes their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.tracking import orders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from regulars.tracking.projection import Located
    from regulars.tracking.rows import Part

MAKERS: Mapping[str, Callable[[Located, orders.OrderBook], list[Part]]] = {
    "Order Completed": orders.completed,
    "Order Updated": orders.updated,
    "Order Refunded": orders.refunded,
    "Order Cancelled": orders.cancelled,
}
