"""The first page."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db(databases=["default", "audit"])


@pytest.fixture
def owner(client, django_user_model):
    user = django_user_model.objects.create_user("owner@example.com", role="owner")
    client.force_login(user)
    return client


class TestWithoutData:
    def test_says_what_to_do_first(self, owner) -> None:
        answer = owner.get("/")
        assert answer.status_code == 200
        assert b"Send the first event" in answer.content
