"""Webhooks of shops and billing services, as tracking calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.tracking.calls import Reading, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping


def read(kind: str, body: bytes, *, received_at: int, source: str, key: str, about: Mapping[str, Any] | None = None) -> Reading:
    """The calls that a webhook of `kind` (shopify, stripe) stands for; `about` names its topic where its body does not."""
    del received_at, source, key, about
    return Reading(
        calls=[], refused=[Refused(message_id=None, code="tracking.unknown_topic", explanation=f"webhook of {kind} not known", raw=body)]
    )
