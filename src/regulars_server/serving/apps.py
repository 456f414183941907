"""The app of the serving file."""

from django.apps import AppConfig


class ServingConfig(AppConfig):
    """Enters its kind of job and what it holds."""

    name = "regulars_server.serving"

    def ready(self) -> None:
        from regulars_server.jobs.public import register_kind
        from regulars_server.serving import kinds
        from regulars_server.serving.personal_data import HOLDING
        from regulars_server.shared.public import register

        register_kind(kinds.PREDICT, kinds.predict)
        register(HOLDING)
