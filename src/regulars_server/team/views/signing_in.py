"""Signing in, signing out, and the pages behind one-time links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import login, logout
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from regulars_server.team import links
from regulars_server.team.access import open_to_all
from regulars_server.team.errors import LinkUnusable, SignInRefused, TooManyTries
from regulars_server.team.signing_in import sign_in, signed_out
from regulars_server.team.tries import MARKED_FOR, WINDOW, mark_of
from regulars_server.team.views.posted import posted

if TYPE_CHECKING:
    from django.http import HttpRequest

    from regulars_server.team.models import User

MARK = "regulars_known"
"""The cookie of a browser that entered an account: strangers who fail on purpose do not shut it out."""
BACKEND = "django.contrib.auth.backends.ModelBackend"


@open_to_all
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Says that the application answers, and nothing else."""
    del request
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@open_to_all
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in_page(request: HttpRequest) -> HttpResponse:
    """The form, and what it sends; then on to the page that was asked for."""
    asked = {"next": _inside(request.POST.get("next") or request.GET.get("next")), "here": "sign-in"}
    if request.method == "GET":
        return render(request, "team/sign_in.html", asked)
    email, password = posted(request, "email"), posted(request, "password")
    try:
        user = sign_in(
            email=email,
            password=password,
            address=request.META.get("REMOTE_ADDR", ""),
            now=timezone.now(),
            mark=request.COOKIES.get(MARK, ""),
        )
    except TooManyTries:
        said = asked | {
            "refused": _("Signing in failed too often. Wait 15 minutes, or ask an administrator for a one-time link."),
            "email": email,
        }
        answer = render(request, "team/sign_in.html", said, status=429)
        answer["Retry-After"] = str(WINDOW.seconds)
        return answer
    except SignInRefused:
        said = asked | {"refused": _("This e-mail address and password do not belong together."), "email": email}
        return render(request, "team/sign_in.html", said, status=422)
    return _enter(request, user, asked["next"])


@open_to_all
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if request.user.is_authenticated:
        signed_out(request.user, now=timezone.now())
    logout(request)
    return HttpResponseRedirect("/sign-in/")


@open_to_all
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind a one-time link: choose a password (the first owner: also address and name), and be signed in."""
    link = links.usable(token, now=timezone.now())
    if link is None:
        return render(request, "team/link_unusable.html", {"here": "start"}, status=410)
    said = {"here": "start", "link": link, "email": posted(request, "email"), "name": posted(request, "name")}
    if request.method == "GET":
        return render(request, "team/start.html", said)
    password = posted(request, "password")
    try:
        check_same(password, posted(request, "again"))
        if link.user is None:
            validate_email(said["email"])
        user = links.use_link(token=token, password=password, email=said["email"], name=said["name"], now=timezone.now())
    except ValidationError as refusal:
        return render(request, "team/start.html", said | {"refusals": refusal.messages}, status=422)
    except LinkUnusable:
        return render(request, "team/link_unusable.html", {"here": "start"}, status=410)
    return _enter(request, user, "/")


def check_same(password: str, again: str) -> None:
    """Raises `ValidationError` where a new password was typed differently the second time."""
    if password != again:
        raise ValidationError(_("The two passwords differ."))


def _enter(request: HttpRequest, user: User, address: str) -> HttpResponse:
    """Begin a session with a new key, in the member's language."""
    login(request, user, backend=BACKEND)
    answer = HttpResponseRedirect(address)
    age, name = int(MARKED_FOR.total_seconds()), mark_of(user.email)
    answer.set_cookie(MARK, name, max_age=age, secure=settings.SECURE, httponly=True, samesite="Strict", path="/sign-in/")
    if user.language in dict(settings.LANGUAGES):
        remember_language(answer, user.language)
    return answer


def remember_language(answer: HttpResponse, language: str) -> None:
    """Keep the language with the browser, for the pages before signing in too."""
    answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=365 * 86400, secure=settings.SECURE, httponly=True, samesite="Lax")


def _inside(address: str | None) -> str:
    """An address of ours, or the first page: nobody is sent elsewhere by a link to the sign-in page."""
    if address and address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return address
    return "/"
