"""The intake as a Django app."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """Sources and the personal data that wait in the inbox."""

    name = "regulars_server.intake"

    def ready(self) -> None:
        """Enter what the intake holds."""
        from regulars_server.intake.personal_data import HOLDINGS
        from regulars_server.shared.public import register

        register(*HOLDINGS)
