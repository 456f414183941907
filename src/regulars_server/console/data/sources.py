"""Sources: what each sends, its switch, keys and settings, and how to connect it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from regulars.errors import RegularsError, SourceUnknown
from regulars_server.console import refusals
from regulars_server.console.data import door, tabs
from regulars_server.console.data.words import IP_WORDS, KIND_WORDS
from regulars_server.intake import public as intake
from regulars_server.team.access import needs
from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

P = Permission
NO_KEY = "WRITE_KEY"
"""Stands in the snippets until somebody asks for the key."""


@needs(P.SEE_DATA)
@require_GET
def sources(request: HttpRequest) -> HttpResponse:
    """All sources with what came in the last day."""
    counted = door.days(timezone.now())
    found = [{"source": one, "kind": KIND_WORDS[one.kind], "day": counted[one.slug]} for one in intake.sources()]
    return tabs.show(request, "sources", "sources", {"sources": found, "strangers": counted[""]})


@needs(P.MANAGE_DATA)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new source."""
    said = {name: request.POST.get(name, "") for name in ("name", "kind", "signing_secret", "shop")}
    if request.method == "POST":
        try:
            made = intake.create_source(slug=_free_slug(said["name"]), **said, actor=str(request.user), now=timezone.now())
        except RegularsError as refusal:
            context = {"said": said, "kinds": KIND_WORDS, "refusal": refusals.words(refusal)}
            return render(request, "console/data/new.html", {"here": "data", **context}, status=422)
        messages.success(request, _("The source is there. Connect it as shown below."))
        return HttpResponseRedirect(f"/data/sources/{made.slug}/")
    return render(request, "console/data/new.html", {"here": "data", "said": said, "kinds": KIND_WORDS})


def _free_slug(name: str) -> str:
    wanted = slugify(name)[:50] or "source"
    taken = {one.slug for one in intake.sources()}
    return next(slug for slug in (wanted, *(f"{wanted}-{n}" for n in range(2, 10_000))) if slug not in taken)


def _source(slug: str) -> intake.Source:
    try:
        return intake.source(slug)
    except SourceUnknown as unknown:
        raise Http404 from unknown


@needs(P.SEE_DATA)
@require_GET
def source(request: HttpRequest, slug: str) -> HttpResponse:
    """One source."""
    found = _source(slug)
    context: dict[str, Any] = {
        "source": found,
        "kind": KIND_WORDS[found.kind],
        "ip": IP_WORDS[found.ip],
        "ips": IP_WORDS,
        "day": door.days(timezone.now())[slug],
        "key": NO_KEY,
        **_address(),
    }
    return tabs.show(request, "source", "sources", context)


def _address() -> dict[str, str]:
    public = settings.CONFIG.public_url
    scheme, _sep, host = public.partition("://")
    return {"address": public, "address_host": f"{host}/v1", "address_scheme": scheme}


@needs(P.MANAGE_DATA)
@require_GET
def secrets(request: HttpRequest, slug: str) -> HttpResponse:
    """How to connect the source, with its key and signing secret in the open."""
    found = _source(slug)
    context = {"source": found, "key": found.write_key, "shown": True, **_address()}
    return render(request, "console/data/_connect.html", context)


@needs(P.MANAGE_DATA)
@require_POST
def switch(request: HttpRequest, slug: str) -> HttpResponse:
    """Switch the source on or off."""
    enabled = request.POST.get("enabled") == "yes"
    found = intake.switch(slug=_source(slug).slug, enabled=enabled, actor=str(request.user), now=timezone.now())
    said = _("%(source)s is switched on.") if enabled else _("%(source)s is switched off: what it sends is counted and dropped.")
    messages.success(request, said % {"source": found.name})
    return HttpResponseRedirect(f"/data/sources/{slug}/")


@needs(P.MANAGE_DATA)
@require_POST
def key(request: HttpRequest, slug: str) -> HttpResponse:
    """A new write key."""
    intake.rotate_key(slug=_source(slug).slug, actor=str(request.user), now=timezone.now())
    messages.success(request, _("There is a new write key. The old one works for one more day."))
    return HttpResponseRedirect(f"/data/sources/{slug}/")


@needs(P.MANAGE_DATA)
@require_POST
def configure(request: HttpRequest, slug: str) -> HttpResponse:
    """Change what the source is told; an empty signing secret leaves the old one."""
    post = request.POST
    days = post.get("remember_days", "")
    try:
        intake.configure(
            slug=_source(slug).slug,
            actor=str(request.user),
            now=timezone.now(),
            name=post.get("name", ""),
            ip=post.get("ip", ""),
            shop=post.get("shop", "").strip(),
            remember_days=int(days) if days.isdigit() else 0,
            signing_secret=post.get("signing_secret", "").strip() or None,
            allowed_origins=post.get("allowed_origins", "").split(),
        )
    except RegularsError as refusal:
        refusals.say(request, refusal)
    else:
        messages.success(request, _("Saved."))
    return HttpResponseRedirect(f"/data/sources/{slug}/")
