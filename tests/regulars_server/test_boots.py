"""The application boots, and its models and migrations agree."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import close_old_connections, connections


@pytest.mark.django_db(databases=["default", "audit"])
class TestMigrations:
    def test_say_what_the_models_say(self) -> None:
        call_command("makemigrations", "--check", "--dry-run", verbosity=0)


class TestConnections:
    @pytest.mark.django_db(databases=["default", "audit"], transaction=True)
    @pytest.mark.parametrize("name", ["default", "audit"])
    def test_outlive_a_request(self, name) -> None:
        connections[name].close()
        connections[name].ensure_connection()
        kept = connections[name].connection
        close_old_connections()  # what Django does before and after each request
        assert connections[name].connection is kept
