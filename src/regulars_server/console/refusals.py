"""What a page says when the application refuses something: received, expected, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.utils.translation import gettext as _, gettext_lazy

if TYPE_CHECKING:
    from django.http import HttpRequest

    from regulars.errors import RegularsError


WORDS = {
    "profiles.unknown_identity": gettext_lazy("Nobody is known under this id by a call yet, only from files: it cannot be joined by hand."),
    "profiles.one_person_already": gettext_lazy("The two are one person already."),
    "profiles.nothing_to_part": gettext_lazy("This identity cannot leave: it is the only one, or it follows another one."),
    "profiles.no_such_suggestion": gettext_lazy("This suggestion is not there any more."),
    "profiles.note_refused": gettext_lazy("A note has 1 to 10,000 characters."),
    "loading.replay_refused": gettext_lazy("This is not JSON, or not an object: nothing was replayed."),
}
"""Refusals whose words are the same whatever was refused, in the reader's language; all others speak for themselves, in English."""


def say(request: HttpRequest, refusal: RegularsError) -> None:
    """Show a refusal on the next page."""
    messages.error(request, words(refusal))


def words(refusal: RegularsError) -> str:
    """A refusal in one line."""
    if refusal.code in WORDS:
        return str(WORDS[refusal.code])
    parts = [refusal.received]
    if refusal.expected:
        parts.append(_("Expected: %(what)s.") % {"what": refusal.expected.rstrip(".")})
    if refusal.remedy:
        parts.append(refusal.remedy)
    return " ".join(parts)
