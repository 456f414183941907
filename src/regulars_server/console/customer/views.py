"""The page of one customer, their timeline and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from regulars.errors import RegularsError
from regulars_server.console import refusals
from regulars_server.console.customer import selectors, timeline as events
from regulars_server.console.customer.entry_words import GROUPS
from regulars_server.profiles import public as profiles
from regulars_server.shared.public import record_look
from regulars_server.team.access import needs
from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

P = Permission


def looked_at(request: HttpRequest, reference: str) -> selectors.Customer:
    """The customer, and a note in the audit log that somebody looked at them."""
    found = selectors.found(reference)
    if found is None:
        raise Http404
    _note_look(request, found.reference)
    return found


def _note_look(request: HttpRequest, reference: str) -> None:
    record_look(actor=str(request.user), action="customer.viewed", now=timezone.now(), subjects=[reference])


@needs(P.SEE_PEOPLE)
@require_GET
def customer(request: HttpRequest, reference: str) -> HttpResponse:
    """Everything about one customer; an old reference leads to whom they are now."""
    found = looked_at(request, reference)
    if found.reference != reference:
        return HttpResponseRedirect(f"/customers/{found.reference}/")
    context: dict[str, Any] = {
        "here": "customers",
        "customer": found,
        "facts": found.facts,
        "identities": selectors.identities(found.profile),
        "traits": selectors.traits(found.profile),
        "notes": selectors.notes(found.profile),
        "points": selectors.balance(found.identities),
        "suggestions": selectors.suggested(found.profile),
        **_timeline(request, found.identities),
    }
    return render(request, "console/customer/page.html", context)


@needs(P.SEE_PEOPLE)
@require_GET
def timeline(request: HttpRequest, reference: str) -> HttpResponse:
    """A stretch of the timeline: further back, or of one kind."""
    found = selectors.whose(reference)
    if found is None:
        raise Http404
    _note_look(request, found.reference)
    context = {"customer": found, **_timeline(request, found.identities)}
    return render(request, "console/customer/_entries.html" if request.GET.get("before") else "console/customer/_timeline.html", context)


def _timeline(request: HttpRequest, identities: Sequence[str]) -> dict[str, Any]:
    group = request.GET.get("kind", "")
    page = events.page(identities, group=group, before=request.GET.get("before", ""), last_day=request.GET.get("day", ""))
    return {"page": page, "groups": GROUPS, "group": group if group in GROUPS else ""}


@needs(P.EDIT_PEOPLE, P.SEE_PEOPLE)
@require_POST
def note(request: HttpRequest, reference: str) -> HttpResponse:
    """Add a note."""
    found = selectors.found(reference)
    if found is None:
        raise Http404
    try:
        profiles.add_note(
            customer_id=found.profile.customer_id, text=request.POST.get("text", ""), actor=str(request.user), now=timezone.now()
        )
    except RegularsError as refusal:
        refusals.say(request, refusal)
    else:
        messages.success(request, _("The note is kept."))
    return HttpResponseRedirect(f"/customers/{found.reference}/#notes")
