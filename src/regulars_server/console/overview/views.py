"""The first page: the business in a sentence, numbers and charts; what happens now; whom to look after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from regulars_server.console.overview import selectors
from regulars_server.serving import public as serving
from regulars_server.shared.public import record_look
from regulars_server.team.access import needs
from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_safe
@needs(Permission.SEE_NUMBERS)
def overview(request: HttpRequest) -> HttpResponse:
    """The overview, or what to do first where there are no data."""
    people = request.user.may(Permission.SEE_PEOPLE)
    calls = selectors.at_risk(people=people)
    if people and calls:
        now = timezone.now()
        record_look(actor=f"user {request.user.pk}", action="overview.viewed", now=now, subjects=[call.reference for call in calls])
    manages = request.user.may(Permission.MANAGE_DATA)
    seen = serving.overview(get_language())
    built = serving.built()
    context = {
        "here": "overview",
        "overview": seen,
        "built": built,
        "unpredicted": built is not None and built.predicted_on is None and built.customers > settings.CONFIG.predict_up_to,
        "lights": selectors.lights(),
        "calls": calls,
        "people": people,
        "live": selectors.live(timezone.now()),
        "write_key": selectors.first_write_key() if seen is None and manages else "",
        "public_url": settings.CONFIG.public_url,
    }
    return render(request, "console/overview/overview.html", context)


@require_safe
@needs(Permission.SEE_NUMBERS)
def live(request: HttpRequest) -> HttpResponse:
    """What happens now: asked for again and again by the page."""
    return render(request, "console/overview/_live.html", {"live": selectors.live(timezone.now())})


@require_safe
@needs(Permission.SEE_NUMBERS)
def chart(request: HttpRequest, folder: str, name: str) -> HttpResponse:
    """A chart as a picture; its address changes with every build, so that it may be kept."""
    del request
    found = serving.chart_file(folder, f"{name}.svg")
    if found is None:
        raise Http404
    return HttpResponse(
        found,
        content_type="image/svg+xml",
        headers={"Cache-Control": "private, max-age=86400, immutable", "Content-Security-Policy": "default-src 'none'; sandbox"},
    )
