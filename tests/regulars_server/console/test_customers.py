"""The list of customers as a page and as a file."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db(databases=["default", "audit"])


@pytest.fixture
def owner(client, django_user_model):
    user = django_user_model.objects.create_user("owner@example.com", role="owner")
    client.force_login(user)
    return client


class TestList:
    def test_without_data_says_so(self, owner) -> None:
        answer = owner.get("/customers/")
        assert answer.status_code == 200
        assert b"No customers yet" in answer.content
