"""The app of profiles."""

from __future__ import annotations

from django.apps import AppConfig


class ProfilesConfig(AppConfig):
    """Who is who: identities, traits, accounts, notes."""

    name = "regulars_server.profiles"
