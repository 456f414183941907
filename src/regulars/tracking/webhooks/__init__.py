"""Webhooks of shops and billing services, as tracking calls: each becomes the call of Segment's specification that says the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from regulars.tracking.calls import Reading, Refusal, Refused
from regulars.tracking.reading import KEPT_RAW, Reader
from regulars.tracking.webhooks import shopify, stripe
from regulars.tracking.wire import object_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_CALL_BYTES = 1024 * 1024
"""An order with all its lines may be longer than what a sender of calls may send."""

_SHAPES: Mapping[str, Callable[[str, Mapping[str, Any]], list[dict[str, Any]]]] = {"shopify": shopify.calls, "stripe": stripe.calls}


def read(kind: str, body: bytes, *, received_at: int, source: str, key: str, about: Mapping[str, Any] | None = None) -> Reading:
    """The calls that a webhook of `kind` (shopify, stripe) stands for; `about["topic"]` names its topic, `about["id"]` its delivery.

    A call's `raw` is the call as Segment's API would have taken it, so that reading it again gives the same call.
    """
    about = about or {}
    try:
        said = object_of(body)
        made = _SHAPES[kind](str(about.get("topic") or said.get("type") or ""), said)
    except Refusal as refusal:
        delivery = about.get("id")
        message_id = f"{kind}/{delivery}" if delivery else None
        return Reading(
            calls=[], refused=[Refused(message_id=message_id, code=refusal.code, explanation=refusal.explanation, raw=body[:KEPT_RAW])]
        )
    reader = Reader(kind="import", received_at=received_at, source=source, key=key, about=None, history=False, max_bytes=MAX_CALL_BYTES)
    for call in made:
        call["messageId"] = call.get("messageId") or (f"{kind}/{about['id']}" if about.get("id") else None)
        reader.take(msgspec.Raw(msgspec.json.encode(call)))
    return Reading(calls=reader.calls, refused=reader.refused)
