"""Switching the language of the console: a cookie, for everybody who can see a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from regulars_server.team.access import open_to_all

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

YEAR = 365 * 86400


@open_to_all
@require_POST
def switch_language(request: HttpRequest) -> HttpResponse:
    """Keep the language in a cookie and go back to the page; an unknown language changes nothing."""
    after = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(after, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        after = "/"
    response = HttpResponseRedirect(after)
    wanted = request.POST.get("language", "")
    if wanted in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, wanted, max_age=YEAR, secure=settings.SECURE, httponly=True, samesite="Lax", path="/"
        )
    return response
