"""Merge suggestions: what looks like one person and is not joined by itself; looked at, joined by hand, or put aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from regulars.errors import RegularsError
from regulars_server.console import refusals
from regulars_server.console.customer.selectors import with_names
from regulars_server.console.data import tabs
from regulars_server.profiles import public as profiles
from regulars_server.shared.public import record_list
from regulars_server.team.access import needs
from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

P = Permission
SHOWN = 30
HERE = "/data/suggestions/"


@needs(P.SEE_DATA, P.SEE_PEOPLE)
@require_GET
def suggestions(request: HttpRequest) -> HttpResponse:
    """The newest suggestions."""
    found = with_names(profiles.suggestions(limit=SHOWN))
    if found:
        record_list(actor=str(request.user), action="suggestions.viewed", now=timezone.now(), query={}, count=len(found))
    return tabs.show(request, "suggestions", "suggestions", {"found": found})


@needs(P.EDIT_PEOPLE, P.SEE_PEOPLE)
@require_POST
def dismiss(request: HttpRequest) -> HttpResponse:
    """Put a suggestion aside."""
    number = request.POST.get("id", "")
    try:
        profiles.dismiss(suggestion_id=int(number) if number.isdigit() else 0, actor=str(request.user), now=timezone.now())
    except RegularsError as refusal:
        refusals.say(request, refusal)
    else:
        messages.success(request, _("The suggestion is put aside."))
    return HttpResponseRedirect(HERE)
