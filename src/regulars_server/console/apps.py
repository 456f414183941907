"""The console as a Django application: pages and their looks, no data of its own."""

from __future__ import annotations

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Holds templates and static files."""

    name = "regulars_server.console"
