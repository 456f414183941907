"""Security headers on every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponseBadRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class Protection:
    """Middleware: a strict Content-Security-Policy, nothing cached that is personal, no sniffing, no features of the device."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request) if _is_text(request) else HttpResponseBadRequest()
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def _is_text(request: HttpRequest) -> bool:
    """Whether the address holds no NUL, which no text of ours does and PostgreSQL refuses."""
    return "%00" not in request.META.get("QUERY_STRING", "") and "\0" not in request.path_info
