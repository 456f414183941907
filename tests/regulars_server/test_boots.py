"""The application boots, and its models and migrations agree."""

from __future__ import annotations

import pytest
from django.core.management import call_command


@pytest.mark.django_db(databases=["default", "audit"])
class TestMigrations:
    def test_say_what_the_models_say(self) -> None:
        call_command("makemigrations", "--check", "--dry-run", verbosity=0)
