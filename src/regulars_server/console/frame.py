"""What every page's frame shows: the workspace's name, the pages that this member may open, the language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from django.http import HttpRequest

PAGES = (
    ("overview", "/", _("Overview"), Permission.SEE_NUMBERS),
    ("customers", "/customers/", _("Customers"), Permission.SEE_NUMBERS),
    ("data", "/data/", _("Data"), Permission.SEE_DATA),
    ("import", "/import/", _("Import"), Permission.IMPORT),
    ("team", "/team/", _("Team"), Permission.MANAGE_TEAM),
)
"""Name, address, title and what it takes to see it."""


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context that `console/base.html` needs."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"pages": []}
    return {"pages": [{"name": n, "address": a, "title": t} for n, a, t, needed in PAGES if user.may(needed)], "may": Abilities(user)}


class Abilities:
    """Lets a template ask `{% if may.people_see %}`: a permission by its value, dots as underscores."""

    def __init__(self, user: Any) -> None:
        self._user = user

    def __getitem__(self, name: str) -> bool:
        return bool(self._user.may(Permission(name.replace("_", "."))))
