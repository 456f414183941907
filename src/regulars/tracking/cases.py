"""Support cases: `Ticket Opened`, `Replied`, `Resolved`, `Reopened`, `Closed`, `Rated`, and conversations in a live chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.tracking.amounts import real, text
from regulars.tracking.calls import Refusal
from regulars.tracking.rows import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from regulars.tracking.books import Books
    from regulars.tracking.projection import Located

STEPS = ("opened", "replied", "resolved", "reopened", "closed", "rated")
CHAT = {
    "Live Chat Conversation Started": "opened",
    "Live Chat Message Received": "replied",
    "Live Chat Conversation Ended": "closed",
}
"""A message is received by the customer, so somebody replied; what the customer sends is an event only."""
MAX_TEXT = 10_000


def step(name: str, *, channel: str | None = None) -> Callable[[Located, Books], list[Part]]:
    """What makes the row of a step."""

    def parts(one: Located, _: Books) -> list[Part]:
        call, said = one.call, one.call.properties
        ticket = text(said, "ticket_id", "conversation_id", "case_id", "ticketId", "conversationId")
        if ticket is None:
            raise Refusal("no_ticket_id", "the case has no ticket_id or conversation_id")
        values = {
            "ticket_id": ticket,
            "step": name,
            "priority": text(said, "priority"),
            "channel": text(said, "channel") or channel,
            "topic": text(said, "topic", "category"),
            "handled_by": _handled_by(said) if name != "opened" else None,
            # A subject is what somebody wrote, so it is free text: an erasure takes it out, and a topic stays.
            "text": text(said, "text", "body", "message_body", "comment", "subject", most=MAX_TEXT),
            **(_rating(said) if name == "rated" else {}),
        }
        part = Part("opened" if name == "opened" else f"{name} {call.message_id}", ticket, call.occurred_at, call.occurred_at)
        part.add("tickets", values)
        return [part]

    return parts


def _rating(said: Mapping[str, Any]) -> dict[str, Any]:
    score = real(said, "score", "rating", "csat")
    if score is None:
        raise Refusal("no_answer", "the rating of the case has no score")
    low, high = real(said, "scale_min"), real(said, "scale_max")
    low = min(1.0, score) if low is None else low
    high = next((top for top in (5.0, 7.0, 10.0, 100.0) if score <= top), score) if high is None else high
    if not low <= score <= high:
        raise Refusal("off_scale", f"the score lies outside its scale of {low:g} to {high:g}")
    return {"score": score, "scale_min": low, "scale_max": high}


def _handled_by(said: Mapping[str, Any]) -> str | None:
    who = text(said, "handled_by", "agent_type", "agent_username", "agent_id", "agent_name")
    if who is None:
        return None
    return "bot" if who.lower() in {"bot", "ai", "automation", "chatbot"} else "person"
