"""Which event names are more than events, and what makes their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.tracking import answers, cases, message_steps, orders, subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from regulars.tracking.books import Books
    from regulars.tracking.projection import Located
    from regulars.tracking.rows import Part

MAKERS: Mapping[str, Callable[[Located, Books], list[Part]]] = {
    "Order Completed": orders.completed,
    "Order Updated": orders.updated,
    "Order Refunded": orders.refunded,
    "Order Cancelled": orders.cancelled,
    "Subscription Started": subscriptions.changed("start"),
    "Subscription Renewed": subscriptions.changed("renew"),
    "Subscription Upgraded": subscriptions.changed("upgrade"),
    "Subscription Downgraded": subscriptions.changed("downgrade"),
    "Subscription Paused": subscriptions.changed("pause"),
    "Subscription Resumed": subscriptions.changed("resume"),
    "Subscription Cancelled": subscriptions.changed("cancel"),
    "Subscription Updated": subscriptions.changed("update"),
    **{name: message_steps.step(*step) for name, step in message_steps.STEPS.items()},
    "Survey Invited": answers.state("invited"),
    "Survey Started": answers.state("started"),
    "Survey Answered": answers.answered,
    "Survey Finished": answers.state("finished"),
    "Product Reviewed": answers.reviewed,
    **{f"Ticket {step.capitalize()}": cases.step(step) for step in cases.STEPS},
    **{name: cases.step(step, channel="chat") for name, step in cases.CHAT.items()},
}
