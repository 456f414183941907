"""Webhooks: whether the sender holds the secret, and which delivery it is."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLERANCE = 300
"""Seconds that a Stripe signature may be old: who records a request cannot send it again later."""


class StripeEvent(msgspec.Struct, frozen=True):
    """What the door reads of an event of Stripe."""

    id: str = ""
    type: str = ""


def is_genuine(kind: str, *, secret: str, body: bytes, headers: Mapping[bytes, bytes], now: float) -> bool:
    """Whether a webhook was signed with the secret; compared in constant time."""
    if not secret:
        return False
    if kind == "shopify":
        digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        return hmac.compare_digest(base64.b64encode(digest), headers.get(b"x-shopify-hmac-sha256", b"").strip())
    return kind == "stripe" and _is_stripes(secret, body, headers.get(b"stripe-signature", b""), now)


def _is_stripes(secret: str, body: bytes, header: bytes, now: float) -> bool:
    parts = [part.strip().partition(b"=") for part in header.split(b",")]
    times = [value for name, _, value in parts if name == b"t"]
    if len(times) != 1 or not times[0].isdigit() or len(times[0]) > 19 or abs(now - int(times[0])) > TOLERANCE:
        return False
    wanted = hmac.new(secret.encode(), times[0] + b"." + body, hashlib.sha256).hexdigest().encode()
    # While a secret is changed there are several, and any of them may fit.
    return any(hmac.compare_digest(wanted, value) for name, _, value in parts if name == b"v1")


def about(kind: str, *, body: bytes, headers: Mapping[bytes, bytes]) -> dict[str, Any]:
    """What a genuine webhook tells: `topic`, the `id` of the delivery, and for Shopify the `shop`."""
    if kind == "shopify":
        names = {"topic": b"x-shopify-topic", "id": b"x-shopify-webhook-id", "shop": b"x-shopify-shop-domain"}
        return {name: headers[header].decode("latin-1")[:200] for name, header in names.items() if header in headers}
    try:
        event = msgspec.json.decode(body, type=StripeEvent)
    except (msgspec.MsgspecError, RecursionError):
        return {}
    return {"topic": event.type[:200], "id": event.id[:200]}
