"""Members of every role, and pages as they see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.regulars_server.loading.conftest import inbox, shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client


__all__ = ["as_role", "inbox", "shop"]


@pytest.fixture
def as_role() -> Callable[[str], Client]:
    """A browser in which a member of the role is signed in."""
    from django.test import Client

    from regulars_server.team.models import User

    def signed_in(role: str) -> Client:
        client = Client(enforce_csrf_checks=False)
        client.force_login(User.objects.create_user(f"{role}@example.test", None, role=role, name=role.title()))
        return client

    return signed_in
