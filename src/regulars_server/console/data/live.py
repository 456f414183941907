"""The live view: what comes in, a second or two after it came. Who may not see people sees names of events and counts."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from regulars_server.console.data import tabs
from regulars_server.console.data.words import CALL_WORDS, why
from regulars_server.intake.public import sources
from regulars_server.loading.public import OFF_PLAN, live as latest
from regulars_server.profiles import public as profiles
from regulars_server.shared.public import record_list, reference_of
from regulars_server.team.access import needs
from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from regulars_server.loading.contracts import HotCall

SHOWN = 50
COUNTED = 500
LONGEST = 4000
"""Letters of a call's properties that are shown."""


@needs(Permission.SEE_DATA)
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """The page, with the calls of now."""
    context = _context(request, None)
    return tabs.show(request, "live", "live", {**context, "sources": sources(), "paused": "paused" in request.GET})


@needs(Permission.SEE_DATA)
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """What came since the last look."""
    after = request.GET.get("after", "")
    return render(request, "console/data/_live.html", {**_context(request, int(after) if after.isdigit() else None), "further": True})


def _context(request: HttpRequest, after: int | None) -> dict[str, Any]:
    chosen = request.GET.get("source", "")
    source = chosen if chosen in {one.slug for one in sources()} else None
    base = {"chosen": source or "", "after": after or 0}
    if not request.user.may(Permission.SEE_PEOPLE):
        return {**base, "counted": _counted(latest(COUNTED, source))}
    calls = latest(SHOWN, source, after=after)
    if calls:
        # The number stays the same, so that looks in a row are one entry.
        record_list(actor=str(request.user), action="live.viewed", now=timezone.now(), query={"source": source or ""}, count=SHOWN)
    whose = profiles.customers_of({call.identity_id for call in calls if call.identity_id})
    return {**base, "calls": [_shown(call, whose) for call in calls], "after": calls[0].id if calls else after or 0}


def _counted(calls: list[HotCall]) -> list[dict[str, Any]]:
    """How often each event came among the latest calls; names of events only."""
    found = Counter((call.source, call.kind, call.name or "") for call in calls)
    return [{"source": s, "kind": CALL_WORDS.get(k, k), "name": name, "count": n} for (s, k, name), n in found.most_common()]


def _shown(call: HotCall, whose: dict[str, str]) -> dict[str, Any]:
    customer = whose[call.identity_id] if call.identity_id else None
    said = json.dumps(call.properties, indent=2, ensure_ascii=False) if call.properties else ""
    return {
        "call": call,
        "kind": CALL_WORDS.get(call.kind, call.kind),
        "reference": reference_of(customer) if customer else "",
        "said": said[:LONGEST],
        "marks": [why(mark, OFF_PLAN) for mark in call.marks],
    }
