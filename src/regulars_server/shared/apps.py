"""The app that every other stands on."""

from __future__ import annotations

from django.apps import AppConfig


class SharedConfig(AppConfig):
    """Enters what the bones, Django and the library hold of persons."""

    name = "regulars_server.shared"

    def ready(self) -> None:
        from regulars_server.shared.holdings import HOLDINGS
        from regulars_server.shared.library_holdings import library_holdings
        from regulars_server.shared.personal_data import register

        register(*HOLDINGS, *library_holdings())
