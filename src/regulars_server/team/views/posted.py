"""What a form sent, as text that a database takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import HttpRequest


def posted(request: HttpRequest, name: str) -> str:
    """A field of the form; empty where it is missing, without the NUL that PostgreSQL refuses."""
    return request.POST.get(name, "").replace("\0", "")
