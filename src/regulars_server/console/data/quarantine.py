"""The quarantine: why calls were not taken, by source; mended, replayed or given up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from regulars.errors import RegularsError
from regulars_server.console import refusals
from regulars_server.console.data import tabs
from regulars_server.console.data.words import reason, why
from regulars_server.loading import public as loading
from regulars_server.shared.public import record_list
from regulars_server.team.access import needs
from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

P = Permission
SHOWN = 20


@needs(P.SEE_DATA)
@require_GET
def quarantine(request: HttpRequest) -> HttpResponse:
    """Reasons with their counts; the calls themselves for who may see people."""
    source, code, before = (request.GET.get(name, "") for name in ("source", "code", "before"))
    counts = loading.quarantine_counts()
    groups = [
        {
            "source": s,
            "code": c,
            "reason": reason(c),
            "count": n,
            "query": urlencode({"source": s, "code": c}),
            "chosen": (s, c) == (source, code),
        }
        for (s, c), n in sorted(counts.items(), key=lambda item: -item[1])
    ]
    context: dict[str, Any] = {"groups": groups, "source": source, "code": code, "reason": reason(code) if code else ""}
    if request.user.may(P.SEE_PEOPLE) and groups:
        wanted = {"source": source or None, "code": code or None, "before": int(before) if before.isdigit() else None}
        found = loading.quarantine(**wanted, limit=SHOWN + 1)
        record_list(
            actor=str(request.user),
            action="quarantine.viewed",
            now=timezone.now(),
            query={"source": source, "code": code},
            count=len(found[:SHOWN]),
        )
        context["calls"] = [
            {"call": call, "reason": reason(call.code), "explanation": why(call.explanation, call.code), "raw": _pretty(call.raw)}
            for call in found[:SHOWN]
        ]
        if len(found) > SHOWN:
            context["older"] = urlencode({"source": source, "code": code, "before": found[SHOWN - 1].id})
    return tabs.show(request, "quarantine", "quarantine", context)


def _pretty(raw: str) -> str:
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return raw


@needs(P.MANAGE_DATA, P.SEE_PEOPLE)
@require_POST
def replay(request: HttpRequest) -> HttpResponse:
    """Send calls through the loader once more: one, changed or not, or all of a reason."""
    post, now = request.POST, timezone.now()
    number, source, code = post.get("id", ""), post.get("source", ""), post.get("code", "")
    try:
        if number.isdigit():
            changed = {int(number): post["raw"]} if post.get("raw", "").strip() else None
            count = loading.replay([int(number)], changed=changed, actor=str(request.user), now=now)
        else:
            count = loading.replay(source=source or None, code=code or None, actor=str(request.user), now=now)
    except RegularsError as refusal:
        refusals.say(request, refusal)
    else:
        said = ngettext("%(count)s call is on its way again.", "%(count)s calls are on their way again.", count)
        messages.success(request, said % {"count": count})
    return HttpResponseRedirect(f"/data/quarantine/?{urlencode({'source': source, 'code': code})}")


@needs(P.MANAGE_DATA)
@require_POST
def dismiss(request: HttpRequest) -> HttpResponse:
    """Give calls up."""
    ids = [int(text) for text in request.POST.getlist("id") if text.isdigit()]
    count = loading.dismiss(ids, actor=str(request.user), now=timezone.now())
    messages.success(request, ngettext("%(count)s call was given up.", "%(count)s calls were given up.", count) % {"count": count})
    back = {name: request.POST.get(name, "") for name in ("source", "code")}
    return HttpResponseRedirect(f"/data/quarantine/?{urlencode(back)}")
