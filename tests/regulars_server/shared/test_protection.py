"""What a browser is told behind a TLS proxy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import json, django
django.setup()
from django.conf import settings
from django.test import Client
from django.core.management import call_command
call_command("migrate", database="default", verbosity=0)
said = {"Host": "regulars.example.com", "X-Forwarded-Proto": "https"}
through = Client().get("/sign-in/", headers=said | {"X-Regulars-Front": settings.SECRETS.front_key})
past = Client().get("/sign-in/", headers=said)
browser = Client(enforce_csrf_checks=True)
token = browser.get("/sign-in/", headers=said | {"X-Regulars-Front": settings.SECRETS.front_key}).cookies["__Host-regulars_csrf"].value
def post(origin):
    headers = said | {"X-Regulars-Front": settings.SECRETS.front_key, "Origin": origin}
    return browser.post("/sign-in/", {"csrfmiddlewaretoken": token, "email": "a@example.com", "password": "x"}, headers=headers).status_code
print(json.dumps({
    "hsts": through.get("Strict-Transport-Security"), "past": past.get("Strict-Transport-Security"),
    "cookie": [bool(through.cookies["__Host-regulars_csrf"][name]) for name in ("secure", "httponly", "samesite")],
    "whole host": [*(through.cookies["__Host-regulars_csrf"][name] for name in ("path", "domain")), settings.SESSION_COOKIE_NAME],
    "session": [settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY, settings.SESSION_COOKIE_SAMESITE],
    "posts": [post("https://regulars.example.com"), post("https://evil.example"), post("null")],
    "other host": Client().get("/sign-in/", headers={"Host": "localhost"}).status_code,
}))
"""


@pytest.mark.suite
class TestBehindTls:
    def test_the_browser_keeps_to_https_and_to_this_origin(self, tmp_path: Path) -> None:
        given = os.environ | {
            "DJANGO_SETTINGS_MODULE": "regulars_server.settings",
            "REGULARS_WORKSPACE": str(tmp_path),
            "REGULARS_PUBLIC_URL": "https://regulars.example.com",
            "REGULARS_LISTEN": "0.0.0.0:8321",
        }
        done = subprocess.run([sys.executable, "-c", PROGRAM], env=given, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {
            "hsts": "max-age=31536000",
            "past": None,
            "cookie": [True, True, True],
            "whole host": ["/", "", "__Host-regulars_session"],
            "session": [True, True, "Lax"],
            "posts": [422, 403, 403],
            "other host": 400,
        }
