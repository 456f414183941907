"""The app of profiles."""

from __future__ import annotations

from django.apps import AppConfig


class ProfilesConfig(AppConfig):
    """Who is who: identities, traits, accounts, notes."""

    name = "regulars_server.profiles"

    def ready(self) -> None:
        """Enter what the app holds."""
        from regulars_server.profiles.personal_data import HOLDINGS
        from regulars_server.shared.public import register

        register(*HOLDINGS)
