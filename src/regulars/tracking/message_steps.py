"""Steps of messages: what became of e-mails and push notifications that others send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.tracking.amounts import flag, text
from regulars.tracking.rows import Part

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars.tracking.books import Books
    from regulars.tracking.projection import Located

STEPS = {
    "Email Sent": ("email", "sent"),
    "Email Delivered": ("email", "delivered"),
    "Email Opened": ("email", "opened"),
    "Email Link Clicked": ("email", "clicked"),
    "Email Bounced": ("email", "bounced"),
    "Email Marked as Spam": ("email", "complained"),
    "Unsubscribed": ("email", "unsubscribed"),
    "Push Notification Received": ("push", "delivered"),
    "Push Notification Tapped": ("push", "clicked"),
    "Push Notification Bounced": ("push", "bounced"),
}


def step(channel: str, name: str) -> Callable[[Located, Books], list[Part]]:
    """What makes the row of a step.

    The message is the one that is named by `message_id`; where only the mailing is (`email_id`, `campaign_id`), it is the person's copy of it.
    """

    def parts(one: Located, _: Books) -> list[Part]:
        call, said = one.call, one.call.properties
        message = text(said, "message_id", "delivery_id")
        if message is None:
            mailing = text(said, "email_id", "campaign_id", "campaign_name")
            message = f"{mailing}/{one.identity_id or call.message_id}" if mailing else call.message_id
        context = call.context.get("campaign")
        values = {
            "message_id": message,
            "step": name,
            "channel": (text(said, "channel") or channel).lower(),
            "campaign": text(said, "campaign_name", "campaign", "campaign_id")
            or (text(context, "name") if isinstance(context, dict) else None),
            "reason": text(said, "reason", "bounce_reason", "error", most=2_000),
            "machine": flag(said, "machine", "is_bot", "machine_open"),
        }
        part = Part(f"{name} {call.message_id}", message, call.occurred_at, call.occurred_at)
        part.add("messages", values)
        return [part]

    return parts
