"""The web process's application."""

from __future__ import annotations

import os
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from django.core.wsgi import get_wsgi_application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping

    Application = Callable[[MutableMapping[str, Any], Callable[..., Any]], Iterable[bytes]]

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


class FrontOnly:
    """Believes forwarded headers from the front door alone, which shows its key; the asker's address becomes REMOTE_ADDR."""

    def __init__(self, application: Application, key: str) -> None:
        self._application = application
        self._key = key.encode()

    def __call__(self, environ: MutableMapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        shown = environ.pop("HTTP_X_REGULARS_FRONT", "")
        if compare_digest(shown.encode("latin-1", "replace"), self._key):
            environ["REMOTE_ADDR"] = environ.get("HTTP_X_FORWARDED_FOR", "")
        else:
            for name in FORWARDED:
                environ.pop(name, None)
        return self._application(environ, start_response)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars_server.settings")
_django = get_wsgi_application()


def _front_only() -> FrontOnly:
    from django.conf import settings

    return FrontOnly(_django, settings.SECRETS.front_key)


application = _front_only()
