"""The app of imports."""

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """Enters its kinds of jobs and what it holds."""

    name = "regulars_server.imports"

    def ready(self) -> None:
        from regulars_server.imports import work
        from regulars_server.imports.personal_data import HOLDINGS
        from regulars_server.imports.services import IMPORT, REHEARSE, UNDO
        from regulars_server.jobs.public import register_kind
        from regulars_server.shared.public import register

        register_kind(REHEARSE, work.rehearse)
        register_kind(IMPORT, work.run_import)
        register_kind(UNDO, work.undo)
        register(*HOLDINGS)
