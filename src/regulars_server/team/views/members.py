"""The members of the team, what each role may, and changes of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from regulars_server.team import members
from regulars_server.team.access import needs
from regulars_server.team.errors import MemberRefused
from regulars_server.team.roles import ROLES, Permission
from regulars_server.team.views.posted import posted
from regulars_server.team.wording import PERMISSION_NAMES, ROLE_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


@needs(Permission.MANAGE_TEAM)
@require_GET
def team(request: HttpRequest) -> HttpResponse:
    """Who is in the team and what the roles may."""
    return render(request, "team/members.html", _context(request))


@needs(Permission.MANAGE_TEAM)
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    """Make an account and show its link, once."""
    said = {name: posted(request, name) for name in ("email", "name", "role")}
    try:
        user, link = members.invite(**said, actor=request.user, now=timezone.now())
    except MemberRefused as refusal:
        return render(request, "team/members.html", _context(request) | {"refused": _words(refusal), "said": said}, status=422)
    return _show_link(request, user.email, link)


@needs(Permission.MANAGE_TEAM)
@require_POST
def new_link(request: HttpRequest, user_id: int) -> HttpResponse:
    """Show a link with which a member chooses a new password, once."""
    try:
        link = members.new_link(user_id=user_id, actor=request.user, now=timezone.now())
    except MemberRefused as refusal:
        return render(request, "team/members.html", _context(request) | {"refused": _words(refusal)}, status=422)
    return _show_link(request, next(user.email for user in members.members() if user.pk == user_id), link)


@needs(Permission.MANAGE_TEAM)
@require_POST
def change_role(request: HttpRequest, user_id: int) -> HttpResponse:
    """Give a member another role."""
    role = posted(request, "role")
    return _change(request, lambda: members.change_role(user_id=user_id, role=role, actor=request.user, now=timezone.now()))


@needs(Permission.MANAGE_TEAM)
@require_POST
def deactivate(request: HttpRequest, user_id: int) -> HttpResponse:
    """Shut a member out."""
    return _change(request, lambda: members.deactivate(user_id=user_id, actor=request.user, now=timezone.now()))


@needs(Permission.MANAGE_TEAM)
@require_POST
def activate(request: HttpRequest, user_id: int) -> HttpResponse:
    """Let a member in again."""
    return _change(request, lambda: members.activate(user_id=user_id, actor=request.user, now=timezone.now()))


def _change(request: HttpRequest, change: Callable[[], None]) -> HttpResponse:
    try:
        change()
    except MemberRefused as refusal:
        return render(request, "team/members.html", _context(request) | {"refused": _words(refusal)}, status=422)
    messages.success(request, _("Saved."))
    return HttpResponseRedirect("/team/")


def _show_link(request: HttpRequest, email: str, link: str) -> HttpResponse:
    """Not by a redirect: the link must not be kept anywhere, also not for the length of one."""
    return render(request, "team/link_made.html", {"here": "team", "email": email, "link": link})


def _context(request: HttpRequest) -> dict[str, Any]:
    return {
        "here": "team",
        "members": [
            {
                "user": user,
                "role": ROLE_NAMES.get(user.role, user.role),
                "waits": not user.has_usable_password(),
                "may_change": members.may_change(request.user, user),
            }
            for user in members.members()
        ],
        "roles": [(role.value, ROLE_NAMES[role]) for role in members.roles_given_by(request.user)],
        "role_names": ROLE_NAMES.values(),
        "rights": [(PERMISSION_NAMES[permission], [permission in ROLES[role] for role in ROLES]) for permission in Permission],
        "languages": settings.LANGUAGES,
    }


def _words(refusal: MemberRefused) -> str:
    """The refusal in the reader's language."""
    return {
        "address": _("That is no e-mail address."),
        "taken": _("There is an account with this e-mail address already."),
        "unknown": _("There is no such member."),
        "owner": _("Only an owner may change an owner."),
        "role": _("You may not give this role."),
        "last": _("This is the last owner who can sign in. Make somebody else an owner first."),
        "inactive": _("This account is deactivated. Activate it first."),
    }[refusal.details["why"]]
