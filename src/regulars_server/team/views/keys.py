"""API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from regulars_server.team import keys as service
from regulars_server.team.access import needs
from regulars_server.team.errors import KeyRefused
from regulars_server.team.roles import Permission
from regulars_server.team.views.posted import posted
from regulars_server.team.wording import PERMISSION_NAMES

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@needs(Permission.MANAGE_KEYS)
@require_GET
def keys(request: HttpRequest) -> HttpResponse:
    """The keys, and the form for a new one."""
    return render(request, "team/keys.html", _context(request))


@needs(Permission.MANAGE_KEYS)
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Make a key and show it, once."""
    name, scopes = posted(request, "name"), [scope.replace("\0", "") for scope in request.POST.getlist("scopes")]
    try:
        key, text = service.create_key(name=name, scopes=scopes, actor=request.user, now=timezone.now())
    except KeyRefused:
        refused = _("A key needs a name and at least one thing that it may do, and it may do nothing that you may not.")
        return render(request, "team/keys.html", _context(request) | {"refused": refused, "name": name}, status=422)
    return render(request, "team/key_made.html", {"here": "keys", "key": key, "text": text})


@needs(Permission.MANAGE_KEYS)
@require_POST
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """End a key."""
    try:
        service.revoke_key(key_id=key_id, actor=request.user, now=timezone.now())
    except KeyRefused:
        return render(request, "team/keys.html", _context(request) | {"refused": _("There is no such key.")}, status=422)
    return HttpResponseRedirect("/keys/")


def _context(request: HttpRequest) -> dict[str, Any]:
    given = service.scopes_given_by(request.user)
    return {
        "here": "keys",
        "keys": [{"key": key, "scopes": [PERMISSION_NAMES.get(scope, scope) for scope in key.scopes]} for key in service.all_keys()],
        "scopes": [(permission.value, PERMISSION_NAMES[permission]) for permission in Permission if permission in given],
    }
