"""The rules of this installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from regulars.identities.evidence import DEFAULT_RULES

if TYPE_CHECKING:
    from regulars.identities.evidence import Rules


def rules() -> Rules:
    """The rules of the graph: those of Django's setting `IDENTITY_RULES`, or the default ones."""
    return getattr(settings, "IDENTITY_RULES", DEFAULT_RULES)
