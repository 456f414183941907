"""One's own account: name, language, password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from regulars_server.team import own_account
from regulars_server.team.access import needs
from regulars_server.team.errors import TooManyTries
from regulars_server.team.roles import Permission
from regulars_server.team.views.posted import posted
from regulars_server.team.views.signing_in import check_same, remember_language

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@needs(Permission.SEE_NUMBERS)
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """The page of one's own account."""
    return render(request, "team/account.html", {"here": "account"})


@needs(Permission.SEE_NUMBERS)
@require_POST
def change_profile(request: HttpRequest) -> HttpResponse:
    """Take name and language."""
    language = posted(request, "language")
    try:
        own_account.change_profile(user=request.user, name=posted(request, "name"), language=language, now=timezone.now())
    except ValidationError as refusal:
        return _refused(request, refusal)
    messages.success(request, _("Saved."))
    answer = HttpResponseRedirect("/account/")
    if language:
        remember_language(answer, language)
    return answer


@needs(Permission.SEE_NUMBERS)
@sensitive_post_parameters()
@require_POST
def change_password(request: HttpRequest) -> HttpResponse:
    """Take a new password; this session goes on under a new key, all others end."""
    old, new = posted(request, "old"), posted(request, "password")
    try:
        check_same(new, posted(request, "again"))
        user = own_account.change_password(
            user=request.user, old=old, new=new, address=request.META.get("REMOTE_ADDR", ""), now=timezone.now()
        )
    except ValidationError as refusal:
        return _refused(request, refusal)
    except TooManyTries:
        return _refused(request, ValidationError(_("Too many tries. Wait 15 minutes.")))
    update_session_auth_hash(request, user)
    messages.success(request, _("The password is changed, and all other sessions are ended."))
    return HttpResponseRedirect("/account/")


def _refused(request: HttpRequest, refusal: ValidationError) -> HttpResponse:
    return render(request, "team/account.html", {"here": "account", "refusals": refusal.messages}, status=422)
