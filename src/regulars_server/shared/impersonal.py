"""Takes out of a value what may say who somebody is: typed text, e-mail addresses, phone numbers."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

from django.conf import settings

TYPED = frozenset({"search", "find", "q", "text", "name", "email", "phone", "query_text", "value"})
"""Keys under which stands what somebody typed."""
LOOKS_PERSONAL = re.compile(r"[^\s@]+@[^\s@]+|(?<!\w)\+?\(?\d[\d\s()/.-]{7,}\d(?!\w)")
DATES = re.compile(r"\d{4}-\d\d-\d\d")
"""These look like numbers of phones and are none."""


def impersonal(value: Any, *, typed: bool = False) -> Any:
    """`value` with every text that may be personal replaced by a keyed digest: two equal ones still look the same.

    >>> impersonal({"light": "red", "page": 2})
    {'light': 'red', 'page': 2}
    >>> impersonal(["load 20261122T224051345686Z-0ae2f957", "2026-11-22 to 2026-11-23"])
    ['load 20261122T224051345686Z-0ae2f957', '2026-11-22 to 2026-11-23']
    """
    if isinstance(value, dict):
        return {impersonal(str(key)): impersonal(inner, typed=typed or str(key) in TYPED) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [impersonal(inner, typed=typed) for inner in value]
    if not isinstance(value, str):
        return value if isinstance(value, bool | int | float) or value is None else impersonal(str(value), typed=typed)
    if value and (typed or LOOKS_PERSONAL.search(DATES.sub("", value))):
        return f"hidden:{hmac.new(settings.SECRETS.reference_key.encode(), value.encode(), hashlib.sha256).hexdigest()[:16]}"
    return value
