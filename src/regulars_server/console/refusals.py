"""What a page says when the application refuses something: received, expected, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.utils.translation import gettext as _, gettext_lazy

from regulars_server.console.spoken import spoken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from django.http import HttpRequest

    from regulars.errors import RegularsError


WORDS = {
    "profiles.unknown_identity": gettext_lazy("Nobody is known under this id, or it is no id that can be joined. Load the page again."),
    "profiles.one_person_already": gettext_lazy("The two are one person already."),
    "profiles.nothing_to_part": gettext_lazy("This identity cannot leave: it is the only one, or it follows another one."),
    "profiles.no_such_suggestion": gettext_lazy("This suggestion is not there any more."),
    "profiles.note_refused": gettext_lazy("A note has 1 to 10,000 characters."),
    "loading.replay_refused": gettext_lazy("This is not JSON, or not an object: nothing was replayed."),
}
"""Refusals whose words are the same whatever was refused; the sentences of all others are in `spoken`."""


def say(request: HttpRequest, refusal: RegularsError) -> None:
    """Show a refusal on the next page."""
    messages.error(request, words(refusal))


def words(refusal: RegularsError) -> str:
    """A refusal in one line."""
    if refusal.code in WORDS:
        return str(WORDS[refusal.code])
    parts = in_parts(refusal.as_dict())
    expected = _("Expected: %(what)s.") % {"what": parts["expected"].rstrip(".")} if parts["expected"] else ""
    return " ".join(part for part in (parts["received"], expected, parts["remedy"]) if part)


def in_parts(refusal: Mapping[str, Any]) -> dict[str, str]:
    """What came, what was expected and what to do, from a refusal as plain values (also one that was kept with a job)."""
    if refusal.get("code") == "job.fault":
        return {
            "received": _("Something failed that was not foreseen (%(fault)s).") % {"fault": refusal.get("received", "")},
            "expected": "",
            "remedy": _("The log of the server says more."),
        }
    return {name: spoken(str(refusal.get(name) or "")) for name in ("received", "expected", "remedy")}
