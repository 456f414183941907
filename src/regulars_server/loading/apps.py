"""The loader as a Django app."""

from django.apps import AppConfig


class LoadingConfig(AppConfig):
    """What was read from the inbox and is on its way into the tables."""

    name = "regulars_server.loading"

    def ready(self) -> None:
        """Enter what the loader holds."""
        from regulars_server.loading.personal_data import HOLDINGS
        from regulars_server.shared.public import register

        register(*HOLDINGS)
