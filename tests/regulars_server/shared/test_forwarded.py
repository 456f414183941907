"""Forwarded headers are believed from our own front door alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory

from regulars_server.shared.forwarded import Forwarded

if TYPE_CHECKING:
    from django.http import HttpRequest

SAID = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Real-Ip": "203.0.113.7",
    "Forwarded": "for=1",
}


def through(**headers: str) -> HttpRequest:
    seen: list[Any] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    Forwarded(view)(RequestFactory().get("/", headers=headers))
    return seen[0]


class TestForwarded:
    @pytest.mark.parametrize("mark", [{}, {"X-Regulars-Front": ""}, {"X-Regulars-Front": "guessed"}, {"X-Regulars-Front": "ü"}])
    def test_headers_of_strangers_are_dropped(self, mark: dict[str, str]) -> None:
        request = through(**SAID, **mark)
        assert request.META["REMOTE_ADDR"] == "127.0.0.1"
        assert not request.is_secure()
        assert not {name for name in request.META if "FORWARDED" in name or name in {"HTTP_X_REAL_IP", "HTTP_X_REGULARS_FRONT"}}

    def test_headers_of_the_front_door_are_believed(self) -> None:
        request = through(**SAID, **{"X-Regulars-Front": settings.SECRETS.front_key})
        assert request.META["REMOTE_ADDR"] == "203.0.113.7"
        assert request.is_secure()
        assert "HTTP_X_REGULARS_FRONT" not in request.META

    def test_the_last_sender_counts_where_several_are_named(self) -> None:
        """What a client says of itself stands first; what the door saw stands last."""
        headers = {"X-Forwarded-For": "10.0.0.1, 203.0.113.7", "X-Regulars-Front": settings.SECRETS.front_key}
        assert through(**headers).META["REMOTE_ADDR"] == "203.0.113.7"

    def test_comes_before_everything_else(self) -> None:
        assert settings.MIDDLEWARE[0] == f"{Forwarded.__module__}.{Forwarded.__name__}"
