"""The app of jobs."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Enters what the app holds."""

    name = "regulars_server.jobs"

    def ready(self) -> None:
        from regulars_server.jobs.queue import forget_old
        from regulars_server.shared.public import Holding, register

        register(
            Holding(
                name="jobs.Job",
                holds="work in the background: its kind, arguments and outcome, in which people and files never stand by name",
                nothing_personal=True,
                expire=forget_old,
            )
        )
