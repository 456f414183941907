"""Words for the codes that sources, the quarantine and plans speak in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from regulars_server.console.spoken import spoken
from regulars_server.loading.public import OFF_PLAN

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

KIND_WORDS = {
    "server": _("Server or app"),
    "browser": _("Website"),
    "shopify": _("Shopify"),
    "stripe": _("Stripe"),
}
IP_WORDS = {
    "cut": _("The network only (the end is cut off)"),
    "none": _("Nothing"),
    "full": _("The whole address"),
}
MODE_WORDS = {
    "off": _("Not applied"),
    "mark": _("Mark what departs from it"),
    "quarantine": _("Keep out what departs from it"),
}
QUARANTINE_WORDS = {
    "bad_amount": _("An amount is not a number"),
    "bad_currency": _("The currency is not known"),
    "bad_id": _("An id cannot be used"),
    "bad_products": _("The products are not a list of objects"),
    "bad_timestamp": _("A time cannot be read"),
    "negative_amount": _("An amount is negative"),
    "no_alias": _("An alias without the other id"),
    "no_amount": _("An order without an amount"),
    "no_batch": _("A batch without a list"),
    "no_currency": _("Money without a currency"),
    "no_event_name": _("An event without a name"),
    "no_group_id": _("A group without an id"),
    "no_id": _("Nobody is named: no user id and no anonymous id"),
    "no_order_id": _("An order without an id"),
    "not_an_object": _("Not a JSON object"),
    "not_json": _("Not JSON"),
    "order_unknown": _("A refund or cancellation of an unknown order"),
    "other_currency": _("A refund in another currency than its order"),
    "too_deep": _("Nested too deeply"),
    "too_large": _("Too large"),
    "unknown_topic": _("A webhook of an unknown topic"),
    "unknown_type": _("A call of an unknown type"),
    "violated": _("Departs from the tracking plan"),
    "poison": _("Could not be worked on: a fault of ours"),
}
"""By the last part of the code."""
CALL_WORDS = {
    "track": _("Event"),
    "identify": _("Identify"),
    "page": _("Page"),
    "screen": _("Screen"),
    "group": _("Group"),
    "alias": _("Alias"),
}


def reason(code: str) -> _StrPromise | str:
    """Why a call is in quarantine."""
    return QUARANTINE_WORDS.get(code.rpartition(".")[2], code.replace("_", " ").replace(".", ": "))


def why(explanation: str, code: str) -> str:
    """What is wrong with a call that bears a code; where it departs from its plan, one thing after the other."""
    # Only plans say several things at once; other sentences may have such a stop of their own.
    parts = explanation.split("; ") if code == OFF_PLAN else [explanation]
    return "; ".join(map(spoken, parts))
