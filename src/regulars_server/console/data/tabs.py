"""The row of tabs over the pages about data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.utils.translation import gettext as _

from regulars_server.loading.public import quarantine_counts
from regulars_server.profiles import public as profiles
from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def show(request: HttpRequest, template: str, tab: str, context: dict[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
    """A page about data, with its tab marked."""
    found = [
        ("sources", "/data/", _("Sources"), None),
        ("live", "/data/live/", _("Live"), None),
        ("quarantine", "/data/quarantine/", _("Quarantine"), sum(quarantine_counts().values())),
        ("quality", "/data/quality/", _("Quality"), None),
        ("plans", "/data/plans/", _("Tracking plans"), None),
    ]
    if request.user.may(Permission.SEE_PEOPLE):
        found.append(("suggestions", "/data/suggestions/", _("Same person?"), profiles.suggestion_count()))
    tabs = [{"name": n, "address": a, "title": t, "count": c} for n, a, t, c in found]
    return render(request, f"console/data/{template}.html", {"here": "data", "tab": tab, "tabs": tabs, **(context or {})}, status=status)
