"""The check at every door: a view says what it needs, and a view that says nothing is shut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from regulars_server.team.roles import Permission

LOOKING = {"GET", "HEAD", "OPTIONS"}
View = TypeVar("View", bound="Callable[..., Any]")


def needs(*permissions: Permission, to_change: Permission | None = None) -> Callable[[View], View]:
    """Mark a view: who enters must be signed in and have all of `permissions`, and `to_change` too for anything but looking."""

    def mark(view: View) -> View:
        view.needs = permissions
        view.needs_to_change = (*permissions, to_change) if to_change else permissions
        return view

    return mark


def open_to_all(view: View) -> View:
    """Mark a view that anybody may call: signing in, invitations, health."""
    view.needs = None
    return view


class Access:
    """Middleware that lets a request through to its view only if its user has what the view needs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Refuse before the view runs: sign in first, or 403; a view without a mark is shut for everybody."""
        del args, kwargs
        wanted = getattr(view, "needs", ())
        if wanted is None:
            return None
        if request.method not in LOOKING:
            wanted = getattr(view, "needs_to_change", ())
        if not request.user.is_authenticated:
            if request.headers.get("HX-Request"):
                return HttpResponse(status=401, headers={"HX-Redirect": "/sign-in/"})
            return redirect_to_login(request.get_full_path())
        if not wanted or not all(request.user.may(permission) for permission in wanted):
            raise PermissionDenied
        return None
