"""Which database a model lies in: the audit log has one of its own."""

from __future__ import annotations

from typing import Any


class AuditRouter:
    """Sends the models that say `database = "audit"` there, and all others to the default database."""

    def db_for_read(self, model: Any, **_: Any) -> str:
        return getattr(model, "database", "default")

    db_for_write = db_for_read

    def allow_relation(self, left: Any, right: Any, **_: Any) -> bool:
        return self.db_for_read(left) == self.db_for_read(right)

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **_: Any) -> bool | None:
        if app_label != "shared" or model_name is None:
            return db == "default" if app_label != "shared" else None
        from django.apps import apps

        # The model that a migration hands over is made from its record and does not say where it lies.
        return self.db_for_read(apps.get_model(app_label, model_name)) == db
