"""Whom a request really comes from: forwarded headers are believed from our own front door alone."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

MARK = "HTTP_X_REGULARS_FRONT"


class Forwarded:
    """Middleware, the first of all: without the front door's key every forwarding header is dropped; with it the sender's address is taken."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        shown = request.META.pop(MARK, "")
        if hmac.compare_digest(shown.encode(), settings.SECRETS.front_key.encode()):
            senders = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
            request.META["REMOTE_ADDR"] = senders[-1].strip() or request.META.get("REMOTE_ADDR", "")
        else:
            for name in [
                name for name in request.META if name.startswith("HTTP_X_FORWARDED_") or name in {"HTTP_FORWARDED", "HTTP_X_REAL_IP"}
            ]:
                del request.META[name]
        return self.get_response(request)
