"""Merge suggestions: what looks like one person and is not joined by itself; looked at, joined by hand, or put aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_GET, require_POST

from regulars_server.console.data import tabs
from regulars_server.team.access import needs
from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@needs(Permission.SEE_PEOPLE)
@require_GET
def suggestions(request: HttpRequest) -> HttpResponse:
    """All suggestions."""
    return tabs.show(request, "suggestions", "suggestions", {})


@needs(Permission.EDIT_PEOPLE)
@require_POST
def merge(request: HttpRequest) -> HttpResponse:
    """Join the people of a suggestion."""
    raise NotImplementedError


@needs(Permission.EDIT_PEOPLE)
@require_POST
def dismiss(request: HttpRequest) -> HttpResponse:
    """Put a suggestion aside."""
    raise NotImplementedError
