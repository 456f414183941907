"""What a page says when the application refuses something: received, expected, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.http import HttpRequest

    from regulars.errors import RegularsError


def say(request: HttpRequest, refusal: RegularsError) -> None:
    """Show a refusal on the next page."""
    messages.error(request, words(refusal))


def words(refusal: RegularsError) -> str:
    """A refusal in one line."""
    parts = [refusal.received]
    if refusal.expected:
        parts.append(_("Expected: %(what)s.") % {"what": refusal.expected.rstrip(".")})
    if refusal.remedy:
        parts.append(refusal.remedy)
    return " ".join(parts)
