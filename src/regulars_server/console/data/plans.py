"""Tracking plans: which events a source is meant to send, learned from data, edited by hand, applied or not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from regulars.errors import RegularsError
from regulars_server.console import refusals
from regulars_server.console.data import tabs
from regulars_server.console.data.words import MODE_WORDS
from regulars_server.intake.public import Source, sources
from regulars_server.loading import public as loading
from regulars_server.team.access import needs
from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

P = Permission


@needs(P.SEE_DATA)
@require_GET
def plans(request: HttpRequest) -> HttpResponse:
    """All sources with their plans."""
    found = []
    for one in sources():
        kept = loading.plan_of(one.slug)
        found.append(
            {"source": one, "plan": kept, "mode": MODE_WORDS[kept.mode] if kept else "", "events": len(kept.schema) if kept else 0}
        )
    return tabs.show(request, "plans", "plans", {"found": found})


@needs(P.SEE_DATA, to_change=P.MANAGE_DATA)
@require_http_methods(["GET", "POST"])
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """One plan; with POST it is saved, by who may manage data."""
    if request.method == "GET":
        return _page(request, _source(slug))
    source, text, mode = _source(slug), request.POST.get("schema", ""), request.POST.get("mode", "mark")
    try:
        schema = json.loads(text)
        if not isinstance(schema, dict) or mode not in MODE_WORDS:
            raise ValueError  # noqa: TRY301 - told like a text that is no JSON
        loading.save_plan(source=slug, schema=schema, mode=mode, actor=str(request.user), now=timezone.now())
    except RegularsError as refusal:
        return _page(request, source, text=text, refusal=refusals.words(refusal))
    except (ValueError, RecursionError):
        return _page(request, source, text=text, refusal=_("This is not a JSON object with one schema for each event."))
    messages.success(request, _("The plan is saved and holds from the next batch on."))
    return HttpResponseRedirect(f"/data/plans/{slug}/")


@needs(P.MANAGE_DATA)
@require_GET
def learn(request: HttpRequest, slug: str) -> HttpResponse:
    """A plan that the latest calls keep to, to look over and save."""
    source = _source(slug)
    learned = loading.learn_plan(slug, now=timezone.now())
    return _page(request, source, text=json.dumps(learned, indent=2, ensure_ascii=False), learned=learned)


def _source(slug: str) -> Source:
    found = next((one for one in sources() if one.slug == slug), None)
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest, source: Source, *, text: str | None = None, refusal: str = "", learned: Mapping[str, Any] | None = None
) -> HttpResponse:
    kept = loading.plan_of(source.slug)
    schema = learned or (kept.schema if kept else {})
    context = {
        "source": source,
        "plan": kept,
        "events": _events(schema),
        "text": json.dumps(schema, indent=2, ensure_ascii=False) if text is None else text,
        "refusal": refusal,
        "learned": learned is not None,
        "modes": MODE_WORDS,
        "mode": kept.mode if kept else "mark",
    }
    return tabs.show(request, "plan", "plans", context, status=422 if refusal else 200)


def _events(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The plan as a table: properties of each event with their types, and which of them must be there."""
    events = schema.get("events", schema) if isinstance(schema.get("events", schema), dict) else {}
    found = []
    for name, one in sorted(events.items()):
        if not isinstance(one, dict):
            continue
        properties = one.get("properties") if isinstance(one.get("properties"), dict) else {}
        required = set(one.get("required") or ())
        rows = [{"name": key, "type": _type(value), "required": key in required} for key, value in sorted(properties.items())]
        found.append({"name": name, "properties": rows})
    return found


def _type(value: Any) -> str:
    kind = value.get("type", "") if isinstance(value, dict) else ""
    return ", ".join(kind) if isinstance(kind, list) else str(kind)
