"""No secret, key, token, cookie, address or number of a person gets into a log."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import path

from regulars_server.shared.log_words import WithoutSecrets, without_secrets
from regulars_server.team.access import open_to_all

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRETS = {
    "a password in a form": "password=canary-moon-42",
    "a password in a dictionary": "{'password': 'canary-moon-42', 'email': 'canary@example.com'}",
    "a header": "Authorization: Bearer canary0123456789abc",
    "a header with a write key": "authorization: Basic Y2FuYXJ5OmNhbmFyeQ==canary",
    "a cookie": "Cookie: regulars_session=canary123; regulars_csrf=canary456",
    "a one-time link": "/start/canary-0123456789/",
    "an API key": "rk_0123abcd_canaryCANARYcanary",
    "a database address": "postgresql://regulars:canary@db.example/regulars",
    "a write key": '"writeKey": "canary4711"',
    "a signing secret": "signing_secret = canary4711",
    "a bare token": "refused xK9canary-Aq3mZr8Tt1uUvWwXyY0_b7Q for good",
    "an address": "Key (email)=(canary@example.com) already exists.",
    "a number": "called +49 170 canary".replace("canary", "555 42 42"),
}


@open_to_all
def failing(request: Any, token: str) -> None:
    raise RuntimeError(
        f"token={token} {request.META.get('HTTP_AUTHORIZATION')} {request.COOKIES} {dict(request.POST)} {settings.SECRETS.reference_key} +49 170 555 42 42"
    )


urlpatterns = [path("failing/<str:token>/", failing), path("start/<str:token>/", failing)]


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that is logged while a test runs, formatted as the settings say."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.getLogger().handlers[0].formatter if _ours() else _formatter())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def _ours() -> bool:
    handlers = logging.getLogger().handlers
    return bool(handlers) and isinstance(handlers[0].formatter, WithoutSecrets)


def _formatter() -> logging.Formatter:
    """As `logging.config` makes it."""
    said = dict(settings.LOGGING["formatters"]["plain"])
    assert said.pop("()") == f"{WithoutSecrets.__module__}.{WithoutSecrets.__name__}"
    return WithoutSecrets(**said)


class TestWords:
    @pytest.mark.parametrize("case", SECRETS)
    def test_hold_no(self, case: str) -> None:
        said = without_secrets(f"before {SECRETS[case]} after")
        assert "canary" not in said
        assert "555" not in said
        assert said.startswith("before")

    @pytest.mark.parametrize(
        "text",
        [
            "Internal Server Error: /customers/abcdefghij234567/",
            "2026-11-22 12:00:00,123 WARNING django.request: Not Found: /nothing/",
            'File "/srv/regulars/src/regulars_server/shared/audit.py", line 42, in deliver',
            "load 20261122T120000-ab12 has 1200345 rows of 17 tables",
            "django.db.utils.OperationalError: no such table: shared_auditentry",
            "event 0123456789abcdef0123456789abcdef was not taken",
        ],
    )
    def test_leave_what_explains(self, text: str) -> None:
        assert without_secrets(text) == text


@pytest.mark.urls(__name__)
@pytest.mark.django_db(databases=["default", "audit"])
class TestRequest:
    def test_that_fails_leaves_no_canary_in_the_log(self, logged: io.StringIO) -> None:
        browser = Client(raise_request_exception=False)
        browser.cookies["regulars_session"] = "canarysession"
        answer = browser.post(
            "/start/canarytoken/?search=canary@example.com",
            {"password": "canary password", "email": "canary@example.com"},
            headers={"Authorization": "Bearer canarykey0123456789"},
        )
        assert answer.status_code == 500
        said = logged.getvalue()
        assert "RuntimeError" in said
        assert "test_log_words.py" in said
        assert "canary" not in said
        assert settings.SECRETS.reference_key not in said
        assert "555" not in said


class TestSettings:
    def test_send_every_log_through_it(self) -> None:
        assert settings.LOGGING["handlers"]["stderr"]["formatter"] == "plain"
        assert set(settings.LOGGING["formatters"]) == {"plain"}
        assert all(getattr(settings.SECRETS, name) in _formatter()._secrets for name in settings.SECRETS.__slots__)
