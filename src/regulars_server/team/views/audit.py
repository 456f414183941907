"""The audit log: who did and looked at what."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from regulars_server.shared.public import AuditQuery, audit_actions, audit_as_csv, audit_count, audit_entries, first_break, record_list
from regulars_server.team.access import needs
from regulars_server.team.audit_words import action_words
from regulars_server.team.models import User
from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@needs(Permission.SEE_AUDIT)
@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    """A page of the log; with `check` also whether the chain is whole."""
    query = _query(request)
    before = request.GET.get("before", "")
    page = audit_entries(query, before=int(before) if before.isdecimal() and len(before) < 19 else None)
    checked = "check" in request.GET
    names = {user.actor: user.name or user.email for user in User.objects.order_by("name", "email")}
    names |= {"system": _("system"), "unknown": _("unknown account")}
    if query.actor:
        names.setdefault(query.actor, query.actor)
    said = query.as_words()
    context = {
        "here": "audit",
        "query": query,
        "entries": [(entry, names.get(entry.actor, entry.actor), action_words(entry.action)) for entry in page.entries],
        "actions": sorted(((code, action_words(code)) for code in audit_actions()), key=lambda pair: str(pair[1]).casefold()),
        "actors": list(names.items()),
        "older": urlencode(said | {"before": page.before}) if page.before else "",
        "csv": urlencode(said),
        "checked": checked,
        "broken": first_break() if checked else None,
    }
    return render(request, "team/audit.html", context)


@needs(Permission.SEE_AUDIT, Permission.EXPORT)
@require_GET
def audit_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The log as CSV; who took it is an entry too."""
    query = _query(request)
    record_list(actor=request.user.actor, action="audit.exported", now=timezone.now(), query=query.as_words(), count=audit_count(query))
    answer = StreamingHttpResponse(audit_as_csv(query), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return answer


def _query(request: HttpRequest) -> AuditQuery:
    texts = {name: request.GET.get(name, "").strip()[:80] for name in ("actor", "action", "subject")}
    return AuditQuery(**texts, first=_day(request.GET.get("first", "")), last=_day(request.GET.get("last", "")))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
