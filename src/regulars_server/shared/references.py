"""References of customers: what stands in addresses, logs and the audit log instead of an id, which may be an e-mail address."""

from __future__ import annotations

import base64
import hashlib
import hmac

from django.conf import settings


def reference_of(customer_id: str) -> str:
    """A customer's reference: sixteen letters and digits, the same as long as the installation's key is the same."""
    digest = hmac.new(settings.SECRETS.reference_key.encode(), customer_id.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:10]).decode().lower()
