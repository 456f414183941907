"""The app of the team."""

from __future__ import annotations

from django.apps import AppConfig


class TeamConfig(AppConfig):
    """Enters what is held of members."""

    name = "regulars_server.team"

    def ready(self) -> None:
        from regulars_server.shared.public import register
        from regulars_server.team.personal_data import HOLDINGS

        register(*HOLDINGS)
