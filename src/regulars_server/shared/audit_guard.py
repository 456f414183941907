"""The database itself refuses to change the audit log: triggers, set by the first migration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SQLITE = tuple(
    f"CREATE TRIGGER audit_no_{what.lower()} BEFORE {what} ON shared_auditentry "
    "BEGIN SELECT RAISE(ABORT, 'entries of the audit log are only added'); END"
    for what in ("UPDATE", "DELETE")
)
POSTGRESQL = (
    "CREATE FUNCTION audit_only_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'entries of the audit log are only added'; END $$",
    "CREATE TRIGGER audit_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON shared_auditentry EXECUTE FUNCTION audit_only_added()",
)


def guard(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Set the triggers where the log lies."""
    del apps
    connection = schema_editor.connection
    if connection.alias == "audit":
        with connection.cursor() as cursor:
            for statement in SQLITE if connection.vendor == "sqlite" else POSTGRESQL:
                cursor.execute(statement)


def unguard(connection: Any) -> None:
    """Take the triggers away, for a test that empties the tables after itself."""
    names = ("audit_no_update", "audit_no_delete") if connection.vendor == "sqlite" else ("audit_only_added ON shared_auditentry",)
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
